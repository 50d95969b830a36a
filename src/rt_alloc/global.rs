//! The allocator that programs install.

use super::shared::NODE;
use super::{below, region, thread};
use crate::system::own_heap;
use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::ptr::NonNull;

/// A global allocator that serves each real-time thread from a heap of its own, whoever allocates there: the engine's
/// code, a codec's, a library's that nobody can change.
///
/// ```rust,standalone_crate
/// use memzone::RtAlloc;
/// use memzone::rt::{self, Plan, Policy};
///
/// #[global_allocator]
/// static MEMORY: RtAlloc = RtAlloc::system();
///
/// fn main() -> Result<(), memzone::ZoneError> {
///     let prepared = rt::prepare_thread(&Plan::new().heap(4 << 20))?;
///     assert!(prepared.has_heap() && prepared.heap() >= 4 << 20);
///     assert!(prepared.is_collecting() && prepared.heap_used() == 0);
///     let section = rt::enter(Policy::Count);
///     // From here on, this thread's memory is its own heap's.
///     let words: Vec<String> = "no lock and no system call".split(' ').map(String::from).collect();
///     assert_eq!(words.len(), 6);
///     assert_eq!(section.report().asked(), 0);
///     // What the heap has no room for is counted.
///     drop(std::hint::black_box(vec![0_u8; 8 << 20]));
///     assert_eq!(section.report().asked_for(rt::Request::BeyondHeap), 1);
///     assert_eq!(section.report().beyond_heap(), 8 << 20);
///     assert_eq!(section.report().largest_beyond_heap(), 8 << 20);
///     drop(section);
///     std::thread::spawn(move || drop(words)).join().unwrap(); // freed anywhere, at any time
///     // A program may collect by itself what is put aside.
///     rt::prepare_thread(&Plan::new().heap(4 << 20).collector(false))?;
///     rt::collect();
///     Ok(())
/// }
/// ```
///
/// # What it does
///
/// * A thread that was prepared with [`Plan::heap`](crate::rt::Plan::heap) and is in a [`Section`](crate::rt::Section)
///   takes, resizes and frees its memory in bounded time, without a lock, a system call or a new page. (Resizing may move
///   the contents, in the time that the copy takes.)
/// * A request that the heap has no room for goes to the allocator below, and is counted as
///   [`Request::BeyondHeap`](crate::rt::Request::BeyondHeap). [`Policy::Abort`](crate::rt::Policy::Abort) stops the
///   process there.
/// * A block of the heap may be freed on any thread, at any time. The owner takes it back, a few with each operation.
/// * A block of the allocator below that is freed in a section is put aside. A background thread frees it within 10 ms,
///   or [`rt::collect`](crate::rt::collect) does. While 65,536 blocks or 64 MiB of a thread wait, it frees further ones
///   itself, and counts that as [`Request::GiveBack`](crate::rt::Request::GiveBack).
/// * On all other threads it costs a few instructions for each call.
///
/// Heaps are never given back to the system. When a thread ends, the next one that is prepared takes its heap over, with
/// the blocks that are still in use. There can be 64 heaps of up to 64 MiB, or fewer that are larger, in 4 GiB in all. (On
/// 32-bit systems: up to 4 MiB, in 256 MiB in all.)
///
/// # Where to install it
///
/// In the program, or in the plugin (a `cdylib`), which then has heaps of its own and stays loaded once it has one. It
/// must be a `static`.
///
/// # Real-time
///
/// Yes on a prepared thread in a section, as long as the heap has room. Elsewhere as the allocator below.
#[derive(Debug)]
pub struct RtAlloc<A = std::alloc::System> {
    below: A,
    /// Gives each static an address of its own.
    _address: u8,
}

impl RtAlloc {
    /// Over the system's allocator.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn system() -> RtAlloc {
        RtAlloc::new(std::alloc::System)
    }
}

impl<A> RtAlloc<A> {
    /// Over any other allocator.
    ///
    /// ```rust,standalone_crate
    /// # use std::alloc::System as Other;
    /// use memzone::RtAlloc;
    ///
    /// #[global_allocator]
    /// static MEMORY: RtAlloc<Other> = RtAlloc::new(Other);
    /// # fn main() {}
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn new(below: A) -> RtAlloc<A> {
        RtAlloc { below, _address: 0 }
    }
}

/// The layout that the allocator below gets: with room for what a block holds while it is put aside.
#[inline(always)]
fn with_node(layout: Layout) -> Layout {
    // SAFETY: (I51) 16 bytes are no more than there can be, whatever they are aligned to.
    unsafe { Layout::from_size_align_unchecked(layout.size().max(NODE), layout.align()) }
}

/// Frees a block of the allocator below the `RtAlloc` that `this` points to.
///
/// # Safety
///
/// I52: it lives, and the block was taken through it with this layout.
unsafe fn free_below<A: GlobalAlloc>(this: *const (), block: NonNull<u8>, layout: Layout) {
    // SAFETY: (I52) the caller's promise.
    let this = unsafe { &*this.cast::<RtAlloc<A>>() };
    // SAFETY: (I52) the caller's promise.
    unsafe { this.below.dealloc(block.as_ptr(), layout) };
}

impl<A: GlobalAlloc> RtAlloc<A> {
    fn address(&self) -> *const () {
        core::ptr::from_ref(self).cast()
    }

    /// On a thread that a heap serves: a block of it, if it has room.
    fn take(&self, layout: Layout) -> Option<NonNull<u8>> {
        // SAFETY: (I52) an allocator through which memory was taken stays as long as that, and the one that is asked here
        // is the global one, a static.
        if unsafe { below::answer(self.address(), free_below::<A>) } {
            return None;
        }
        thread::take(layout)
    }

    /// Takes a block on a thread that a heap serves. This is a function of its own, so that the others need no stack.
    ///
    /// # Safety
    ///
    /// I51: as for `alloc`.
    #[cold]
    #[inline(never)]
    unsafe fn alloc_in_section(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some(block) => block.as_ptr(),
            // SAFETY: (I51) the caller's promise.
            None => unsafe { self.below.alloc(with_node(layout)) },
        }
    }

    /// # Safety
    ///
    /// I51: as for `alloc`.
    #[cold]
    #[inline(never)]
    unsafe fn alloc_zeroed_in_section(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some(block) => {
                // SAFETY: (I51) the block has that many bytes, and is nobody else's.
                unsafe { block.write_bytes(0, layout.size()) };
                block.as_ptr()
            }
            // SAFETY: (I51) the caller's promise.
            None => unsafe { self.below.alloc_zeroed(with_node(layout)) },
        }
    }

    /// Frees a block of a heap, or one of the allocator below on a thread that a heap serves.
    ///
    /// # Safety
    ///
    /// I51: as for `dealloc`.
    #[cold]
    #[inline(never)]
    unsafe fn free_elsewhere(&self, block: *mut u8, layout: Layout) {
        // SAFETY: (I51) the caller's promise.
        if unsafe { thread::free(block, layout) } {
            return;
        }
        let layout = with_node(layout);
        if below::is_installed(self.address()) {
            // SAFETY: (I52) the caller's promise. Each block of the allocator below has room for a node.
            if unsafe { thread::put_aside(black_box(block), layout) } {
                return;
            }
        }
        // SAFETY: (I51) the caller's promise.
        unsafe { self.below.dealloc(block, layout) };
    }

    /// Resizes a block of a heap, or one of the allocator below on a thread that a heap serves.
    ///
    /// # Safety
    ///
    /// I51: the block was taken with this layout. If the result is not null, nobody uses the block any more.
    #[cold]
    #[inline(never)]
    unsafe fn resize(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: (I51) the caller's promise.
        if let Some(resized) = unsafe { thread::resize(block, layout, new_size) } {
            return resized.as_ptr();
        }
        if own_heap::serving().is_null() && !thread::is_of_a_heap(block) {
            // SAFETY: (I51) the caller's promise. It lies behind a region that is not the largest one.
            return unsafe { self.below.realloc(block, with_node(layout), new_size.max(NODE)) };
        }
        // SAFETY: (I51) the caller of `realloc` promises that the size is not too large for the alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: (I51) the size is not zero, which `realloc`'s caller promises.
        let new = unsafe { self.alloc(new_layout) };
        if new.is_null() {
            return new;
        }
        let bytes = layout.size().min(new_size);
        // SAFETY: (I51) both have that many bytes, and the new one is nobody else's.
        unsafe { core::ptr::copy_nonoverlapping(block, new, bytes) };
        // SAFETY: (I51) the caller's promise.
        unsafe { self.dealloc(block, layout) };
        new
    }
}

// SAFETY: (I51) each block is the heap's or the allocator below's, and goes back to whom it came from.
unsafe impl<A: GlobalAlloc> GlobalAlloc for RtAlloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !own_heap::serving().is_null() {
            // SAFETY: (I51) the caller's promise.
            return unsafe { self.alloc_in_section(layout) };
        }
        // SAFETY: (I51) the caller's promise.
        unsafe { self.below.alloc(with_node(layout)) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !own_heap::serving().is_null() {
            // SAFETY: (I51) the caller's promise.
            return unsafe { self.alloc_zeroed_in_section(layout) };
        }
        // SAFETY: (I51) the caller's promise.
        unsafe { self.below.alloc_zeroed(with_node(layout)) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if region::offset_of(block).is_some() || !own_heap::serving().is_null() {
            // SAFETY: (I51) the caller's promise.
            return unsafe { self.free_elsewhere(block, layout) };
        }
        // SAFETY: (I51) the caller's promise.
        unsafe { self.below.dealloc(block, with_node(layout)) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if region::offset_of(block).is_some() || !own_heap::serving().is_null() {
            // SAFETY: (I51) the caller's promise.
            return unsafe { self.resize(block, layout, new_size) };
        }
        // SAFETY: (I51) the caller's promise.
        unsafe { self.below.realloc(block, with_node(layout), new_size.max(NODE)) }
    }
}
