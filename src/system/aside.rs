//! Memory that was put aside: it was to be freed in a real-time section that forbids freeing.
//!
//! There is one list for the whole process. Its links lie in the memory itself, so putting memory aside takes no
//! memory, no lock and no system call, only an atomic push. A thread that may free takes the whole list.
//!
//! Freeing may run code of others, such as a zone's cleanup hooks. That code may free more memory and call `collect`
//! itself. A thread frees one piece of memory after another, never one inside another. So however long a chain of such
//! pieces is, only one of them is on the machine's stack.

use crate::error::{Request, ZoneError};
use crate::system::per_thread::per_thread;
use crate::system::section::{self, Policy};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

/// The link of the list. Memory that can be put aside begins with a node or has one in it.
pub(crate) struct Node {
    next: *mut Node,
    /// Frees the memory that the node is in.
    free: unsafe fn(NonNull<Node>),
}

/// The memory that was put aside last.
static PUT_ASIDE: AtomicPtr<Node> = AtomicPtr::new(ptr::null_mut());

/// Makes `new` the first node if `newest` still is. The error is the node that is the first one now.
#[cfg(target_has_atomic = "ptr")]
fn replace(newest: *mut Node, new: *mut Node) -> Result<*mut Node, *mut Node> {
    PUT_ASIDE.compare_exchange_weak(newest, new, Ordering::Release, Ordering::Relaxed)
}

#[cfg(target_has_atomic = "ptr")]
fn take_all() -> *mut Node {
    PUT_ASIDE.swap(ptr::null_mut(), Ordering::Acquire)
}

// A processor without compare-and-swap. Memory is put aside in a section only, and one line of execution has all
// sections there (I55), so nobody comes in between.
#[cfg(not(target_has_atomic = "ptr"))]
fn replace(newest: *mut Node, new: *mut Node) -> Result<*mut Node, *mut Node> {
    PUT_ASIDE.store(new, Ordering::Release);
    Ok(newest)
}

#[cfg(not(target_has_atomic = "ptr"))]
fn take_all() -> *mut Node {
    let all = PUT_ASIDE.load(Ordering::Acquire);
    PUT_ASIDE.store(ptr::null_mut(), Ordering::Relaxed);
    all
}

/// Puts the memory aside that a node lies in.
///
/// # Safety
///
/// I14: nobody uses the memory any more, the node's place in it is writable, and `free` may be called with it once, on
/// any thread.
pub(crate) unsafe fn put(node: NonNull<Node>, free: unsafe fn(NonNull<Node>)) {
    // SAFETY: (I14) the caller's promise.
    unsafe { node.write(Node { next: ptr::null_mut(), free }) };
    // SAFETY: (I14) the node was just written, and is a list of one.
    unsafe { push_list(node, node) };
}

/// Puts a list of nodes in front of what was put aside before.
///
/// # Safety
///
/// I14: `last` is reached from `first`, and nobody else has either of them.
unsafe fn push_list(first: NonNull<Node>, last: NonNull<Node>) {
    let next = last.as_ptr();
    let mut newest = PUT_ASIDE.load(Ordering::Relaxed);
    loop {
        // SAFETY: (I14) the node is not shared before the exchange below succeeds.
        unsafe { (*next).next = newest };
        // Release: whoever takes the list sees all that was written to the memory.
        match replace(newest, first.as_ptr()) {
            Ok(_) => return,
            Err(now) => newest = now,
        }
    }
}

/// Frees what was put aside; see [`rt::collect`](crate::rt::collect).
pub(crate) fn collect() -> usize {
    /// What this call has still to free. If a hook panics, the rest goes back to the list.
    struct NotYetFreed(*mut Node);
    impl NotYetFreed {
        /// Takes the first node off.
        fn pop(&mut self) -> Option<NonNull<Node>> {
            let node = NonNull::new(self.0)?;
            // SAFETY: (I14) the node is ours since the list was taken.
            self.0 = unsafe { node.as_ref() }.next;
            Some(node)
        }
    }
    impl Drop for NotYetFreed {
        fn drop(&mut self) {
            while let Some(node) = self.pop() {
                // SAFETY: (I14) the node is ours, and is a list of one.
                unsafe { push_list(node, node) };
            }
        }
    }

    let forbidden = || matches!(section::policy(), Some(Policy::Deny | Policy::Abort));
    if forbidden() || PUT_ASIDE.load(Ordering::Relaxed).is_null() {
        return 0;
    }
    let Some(turn) = Turn::take() else {
        let _ = WAITING.try_with(|waiting| waiting.collect_again.set(true));
        return 0;
    };
    let mut freed = 0;
    loop {
        // Acquire: this thread sees all that was written to the memory; see `push_list`.
        let mut rest = NotYetFreed(take_all());
        while let Some(node) = rest.pop() {
            // SAFETY: (I14) the node was taken off the list, so it is freed once.
            unsafe { free(node) };
            turn.free_waiting();
            freed += 1;
        }
        // Another round comes only if a hook has asked for one, so this ends.
        let again = WAITING.try_with(|waiting| waiting.collect_again.take());
        if !again.unwrap_or(false) || forbidden() {
            return freed;
        }
    }
}

/// What this thread will free when it has freed the current piece: a list whose links lie in the memory itself.
struct Waiting {
    /// Whether the thread is freeing something.
    is_freeing: Cell<bool>,
    /// Whether a hook has called `collect` in the meantime.
    collect_again: Cell<bool>,
    first: Cell<*mut Node>,
    last: Cell<*mut Node>,
}

per_thread! {
    static WAITING: Waiting = const {
        Waiting {
            is_freeing: Cell::new(false),
            collect_again: Cell::new(false),
            first: Cell::new(ptr::null_mut()),
            last: Cell::new(ptr::null_mut()),
        }
    };
}

/// # Safety
///
/// I14: the node is on no list any more, and this is called once for it.
unsafe fn free(node: NonNull<Node>) {
    // SAFETY: (I14) the memory is not freed yet.
    let free = unsafe { node.as_ref() }.free;
    // SAFETY: (I14) whoever made the node has promised this.
    unsafe { free(node) };
}

/// The right to free memory whose destructors may run code of others. Each thread has one turn.
struct Turn;

impl Turn {
    fn take() -> Option<Turn> {
        // Without a claimed slot there is no list, and pieces are freed one inside another.
        let is_mine = WAITING.try_with(|waiting| !waiting.is_freeing.replace(true));
        is_mine.unwrap_or(true).then(|| Turn)
    }

    /// Frees what was put on the thread's list in the meantime, oldest first.
    fn free_waiting(&self) {
        let _ = WAITING.try_with(|waiting| {
            while let Some(node) = NonNull::new(waiting.first.get()) {
                // SAFETY: (I14) the node is on this thread's list, so it is initialised.
                let next = unsafe { node.as_ref() }.next;
                waiting.first.set(next);
                // SAFETY: (I14) the node was taken off the list, so it is freed once.
                unsafe { free(node) };
            }
        });
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // If a hook has panicked, there may be more on the list.
        self.free_waiting();
        let _ = WAITING.try_with(|waiting| {
            waiting.is_freeing.set(false);
            waiting.collect_again.set(false);
        });
    }
}

/// Frees the memory that a node lies in, with a function that may run code of others. This happens now, or after the
/// thread has freed its current piece. The result says whether the memory is freed already.
///
/// # Safety
///
/// I14: as for `put`, but `free` is called on this thread.
pub(crate) unsafe fn free_in_turn(node: NonNull<Node>, free: unsafe fn(NonNull<Node>)) -> bool {
    // SAFETY: (I14) the caller's promise.
    unsafe { node.write(Node { next: ptr::null_mut(), free }) };
    let listed = WAITING.try_with(|waiting| {
        match NonNull::new(waiting.first.get()).and(NonNull::new(waiting.last.get())) {
            None => waiting.first.set(node.as_ptr()),
            // SAFETY: (I14) the node is on this thread's list, so it is initialised, and nobody else has it.
            Some(last) => unsafe { (*last.as_ptr()).next = node.as_ptr() },
        }
        waiting.last.set(node.as_ptr());
    });
    if listed.is_err() {
        // SAFETY: (I14) the caller's promise, and the node is on no list.
        unsafe { self::free(node) };
        return true;
    }
    let Some(turn) = Turn::take() else { return false };
    turn.free_waiting();
    true
}

/// Whether memory may be given back now.
pub(crate) fn may_free(bytes: usize) -> Result<(), ZoneError> {
    section::ask(Request::GiveBack, bytes)
}

/// What is written into a block of the system's heap that is put aside, at the block's first aligned place.
#[cfg(feature = "alloc")]
#[repr(C)]
struct HeapBlock {
    node: Node,
    size: usize,
    align: u32,
    /// The bytes of the block that lie before this.
    before: u32,
}

/// Puts a block of the system's heap aside. The result is `false` if the block is too small for that.
///
/// # Safety
///
/// I14: the block was taken with this layout from the global allocator, and nobody uses it any more.
#[cfg(feature = "alloc")]
pub(crate) unsafe fn put_heap_block(memory: NonNull<u8>, layout: Layout) -> bool {
    unsafe fn free(node: NonNull<Node>) {
        // SAFETY: (I14) the node is the start of a `HeapBlock`.
        let &HeapBlock { size, align, before, .. } = unsafe { node.cast::<HeapBlock>().as_ref() };
        // SAFETY: (I14) these are the size and alignment of a layout that existed.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align as usize) };
        // SAFETY: (I14) the block has that many bytes before the node.
        let memory = unsafe { node.cast::<u8>().sub(before as usize) };
        // SAFETY: (I14) `put_heap_block`'s caller's promise.
        unsafe { alloc::alloc::dealloc(memory.as_ptr(), layout) };
    }
    // The block may be aligned to less than that: audio samples, for example, are aligned to 4.
    let before = memory.addr().get().wrapping_neg() % align_of::<HeapBlock>();
    let Ok(align) = u32::try_from(layout.align()) else { return false };
    if layout.size() < size_of::<HeapBlock>() + before {
        return false;
    }
    // SAFETY: (I14) the block has room for `before` bytes and a `HeapBlock`, as was just checked.
    let place = unsafe { memory.add(before) }.cast::<HeapBlock>();
    let node = Node { next: ptr::null_mut(), free };
    let block = HeapBlock { node, size: layout.size(), align, before: before as u32 };
    // SAFETY: (I14) there is room for it, and `before` has aligned the place.
    unsafe { place.write(block) };
    // SAFETY: (I14) the node was just written, and is a list of one. Only the caller had the block.
    unsafe { push_list(place.cast(), place.cast()) };
    true
}
