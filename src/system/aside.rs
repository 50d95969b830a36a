//! Memory put aside: what was to be freed in a real-time section that forbids it.
//!
//! One list for the whole process, through the memory itself, so that putting aside takes no memory, no
//! lock and no system call: an atomic push. Whoever may free takes all of it.
//!
//! What is freed may run others' code (a zone's cleanup hooks), which may free and collect in its turn. A thread
//! does such things one after the other, never one within another, so however many lead to one another, the
//! stack holds one.

use crate::error::{Request, ZoneError};
use crate::system::section::{self, Policy};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

/// What memory that can be put aside begins with, or has in it.
pub(crate) struct Node {
    next: *mut Node,
    /// Frees what the node is in.
    free: unsafe fn(NonNull<Node>),
}

/// The one put aside last.
static LIST: AtomicPtr<Node> = AtomicPtr::new(ptr::null_mut());

/// Puts memory aside that a node lies in.
///
/// # Safety
///
/// I14: nobody uses the memory any more, the node's place in it is writable, and `free` may be called with
/// it once, on any thread.
pub(crate) unsafe fn put(node: NonNull<Node>, free: unsafe fn(NonNull<Node>)) {
    // SAFETY: (I14) the caller's promise.
    unsafe { node.write(Node { next: ptr::null_mut(), free }) };
    // SAFETY: (I14) just written; a list of its own.
    unsafe { push(node, node) };
}

/// Puts a list in front of what is aside.
///
/// # Safety
///
/// I14: `last` is reached from `first`, and nobody else has either.
unsafe fn push(first: NonNull<Node>, last: NonNull<Node>) {
    let next = last.as_ptr();
    let mut newest = LIST.load(Ordering::Relaxed);
    loop {
        // SAFETY: (I14) not shared before the exchange below succeeds.
        unsafe { (*next).next = newest };
        // Release: the taker sees all that was written to the memory.
        let pushed = LIST.compare_exchange_weak(
            newest,
            first.as_ptr(),
            Ordering::Release,
            Ordering::Relaxed,
        );
        match pushed {
            Ok(_) => return,
            Err(now) => newest = now,
        }
    }
}

/// Frees what real-time sections with [`Policy::Deny`](crate::rt::Policy::Deny) have put aside, on all
/// threads, and says how many pieces it was. Cleanup hooks of zones run, on this thread.
///
/// A [`Reclaimer`](crate::reclaim::Reclaimer) does this too, and so does every zone that is freed outside of
/// a section.
///
/// In a cleanup hook of a zone that is being freed it returns 0, and what is aside is freed when the hook has returned.
/// The call that the hook runs in counts it.
///
/// ```
/// use memzone::rt::{self, Policy};
///
/// let zone = memzone::Zone::new(4096);
/// let section = rt::enter(Policy::Deny);
/// drop(zone); // put aside
/// drop(section);
/// assert_eq!(rt::collect(), 1);
/// ```
///
/// # Real-time
///
/// No: it frees. In a section with `Policy::Deny` or `Abort` it does nothing.
pub fn collect() -> usize {
    /// What is still to be freed; goes back to the list where a hook panics.
    struct Rest(*mut Node);
    impl Rest {
        /// Takes the first one off.
        fn pop(&mut self) -> Option<NonNull<Node>> {
            let node = NonNull::new(self.0)?;
            // SAFETY: (I14) ours since the list was taken.
            self.0 = unsafe { node.as_ref() }.next;
            Some(node)
        }
    }
    impl Drop for Rest {
        fn drop(&mut self) {
            while let Some(node) = self.pop() {
                // SAFETY: (I14) ours, and its own list of one.
                unsafe { push(node, node) };
            }
        }
    }

    let forbidden = || matches!(section::policy(), Some(Policy::Deny | Policy::Abort));
    if forbidden() || LIST.load(Ordering::Relaxed).is_null() {
        return 0;
    }
    let Some(turn) = Turn::take() else {
        TURN.with(|turn| turn.again.set(true));
        return 0;
    };
    let mut freed = 0;
    loop {
        // Acquire: pairs with `push`.
        let mut rest = Rest(LIST.swap(ptr::null_mut(), Ordering::Acquire));
        while let Some(node) = rest.pop() {
            // SAFETY: (I14) taken off the list, so freed once.
            unsafe { free(node) };
            turn.free_waiting();
            freed += 1;
        }
        // Only where a hook wants it, so that it ends.
        if !TURN.with(|turn| turn.again.take()) || forbidden() {
            return freed;
        }
    }
}

/// What is to be freed on this thread when what is being freed is done: a list, through the memory itself.
struct Waiting {
    /// Whether the thread is freeing something.
    busy: Cell<bool>,
    /// Whether `collect` was called meanwhile.
    again: Cell<bool>,
    first: Cell<*mut Node>,
    last: Cell<*mut Node>,
}

thread_local! {
    static TURN: Waiting = const {
        Waiting {
            busy: Cell::new(false),
            again: Cell::new(false),
            first: Cell::new(ptr::null_mut()),
            last: Cell::new(ptr::null_mut()),
        }
    };
}

/// # Safety
///
/// I14: the node is on no list (any more), and this is called once.
unsafe fn free(node: NonNull<Node>) {
    // SAFETY: (I14) still there.
    let free = unsafe { node.as_ref() }.free;
    // SAFETY: (I14) the promise of who made the node.
    unsafe { free(node) };
}

/// The right to free what may run others' code. A thread has one.
struct Turn;

impl Turn {
    fn take() -> Option<Turn> {
        TURN.with(|turn| !turn.busy.replace(true)).then(|| Turn)
    }

    /// Frees what has come to wait meanwhile, in the order in which it did.
    fn free_waiting(&self) {
        TURN.with(|turn| {
            while let Some(node) = NonNull::new(turn.first.get()) {
                // SAFETY: (I14) on this thread's list, so whole.
                let next = unsafe { node.as_ref() }.next;
                turn.first.set(next);
                // SAFETY: (I14) taken off the list, so freed once.
                unsafe { free(node) };
            }
        });
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Where a hook has panicked, others may still wait.
        self.free_waiting();
        TURN.with(|turn| {
            turn.busy.set(false);
            turn.again.set(false);
        });
    }
}

/// Frees memory that a node lies in, by a function that may run others' code: now, or after what this thread is
/// freeing just now. Says whether it is done.
///
/// # Safety
///
/// I14: that of `put`, but on this thread.
pub(crate) unsafe fn free_in_turn(node: NonNull<Node>, free: unsafe fn(NonNull<Node>)) -> bool {
    // SAFETY: (I14) the caller's promise.
    unsafe { node.write(Node { next: ptr::null_mut(), free }) };
    TURN.with(|turn| {
        match NonNull::new(turn.first.get()).and(NonNull::new(turn.last.get())) {
            None => turn.first.set(node.as_ptr()),
            // SAFETY: (I14) on this thread's list, so whole; nobody else has it.
            Some(last) => unsafe { (*last.as_ptr()).next = node.as_ptr() },
        }
        turn.last.set(node.as_ptr());
    });
    let Some(turn) = Turn::take() else { return false };
    turn.free_waiting();
    true
}

/// Whether memory may be given back now.
pub(crate) fn may_free(bytes: usize) -> Result<(), ZoneError> {
    section::ask(Request::GiveBack, bytes)
}

/// A block of the system's heap that was put aside: what lies in it, at its first place that is aligned.
#[repr(C)]
struct HeapBlock {
    node: Node,
    size: usize,
    align: u32,
    /// Bytes of the block before this.
    before: u32,
}

/// Puts a block of the system's heap aside. False: it is too small to be part of a list.
///
/// # Safety
///
/// I14: the block was taken with this layout from the global allocator, and nobody uses it any more.
pub(crate) unsafe fn put_heap_block(memory: NonNull<u8>, layout: Layout) -> bool {
    unsafe fn free(node: NonNull<Node>) {
        // SAFETY: (I14) the node is the start of a `HeapBlock`.
        let &HeapBlock { size, align, before, .. } = unsafe { node.cast::<HeapBlock>().as_ref() };
        // SAFETY: (I14) a layout that there was.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align as usize) };
        // SAFETY: (I14) that many bytes of the block are before the node.
        let memory = unsafe { node.cast::<u8>().sub(before as usize) };
        // SAFETY: (I14) `put_heap_block`'s caller's promise.
        unsafe { std::alloc::dealloc(memory.as_ptr(), layout) };
    }
    // Samples, say, are aligned to 4.
    let before = memory.addr().get().wrapping_neg() % align_of::<HeapBlock>();
    let Ok(align) = u32::try_from(layout.align()) else { return false };
    if layout.size() < size_of::<HeapBlock>() + before {
        return false;
    }
    // SAFETY: (I14) the block is larger than that.
    let place = unsafe { memory.add(before) }.cast::<HeapBlock>();
    let node = Node { next: ptr::null_mut(), free };
    let block = HeapBlock { node, size: layout.size(), align, before: before as u32 };
    // SAFETY: (I14) the memory is large and aligned enough.
    unsafe { place.write(block) };
    // SAFETY: (I14) the caller's promise.
    unsafe { put(place.cast(), free) };
    true
}
