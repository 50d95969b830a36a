//! How a zone ends: with its last handle or stack entry, at once, or later where a section forbids it.

use super::header::{Header, Links, state};
use super::hooks::HookOf;
use super::stale;
use crate::system::aside;
use core::ptr::NonNull;

impl Header {
    /// Adds a cleanup hook, which is written to `place`.
    ///
    /// # Safety
    ///
    /// I2: `place` lies in this zone, and was just taken for it.
    pub(crate) unsafe fn add_hook<F: FnOnce() + Send + 'static>(
        &self,
        place: NonNull<HookOf<F>>,
        closure: F,
    ) {
        // SAFETY: (I2) the caller's promise.
        unsafe { self.hooks.add(place, closure) };
        self.state.set(self.state.get() | state::HOOKS);
    }

    /// Runs the cleanup hooks, newest first, each once; also those that are added meanwhile.
    ///
    /// A hook that panics does not keep the others from running.
    pub(crate) fn run_hooks(&self) {
        /// Also where a hook panics.
        struct NoneLeft<'a>(&'a Header);
        impl Drop for NoneLeft<'_> {
            fn drop(&mut self) {
                self.0.state.set(self.0.state.get() & !state::HOOKS);
            }
        }
        let _none_left = NoneLeft(self);
        self.hooks.run();
    }

    /// Ends the zone: runs its hooks and frees its memory, or puts the zone aside where a real-time
    /// section forbids that. Says whether it is freed.
    ///
    /// # Safety
    ///
    /// I1: no handle, entry, place in a thread's list or borrow may be left.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn destroy(header: NonNull<Header>) -> bool {
        unsafe fn free(node: NonNull<aside::Node>) {
            // SAFETY: (I14) the node is in the place of a header's links.
            unsafe { node.cast::<Links>().write(Links::none()) };
            // SAFETY: (I14) as above.
            let header = unsafe { node.byte_sub(core::mem::offset_of!(Header, links)) };
            // SAFETY: (I14) nothing has used the zone since it was put aside.
            unsafe { Header::free(header.cast()) };
        }
        // SAFETY: (I1) the caller's promise.
        let bytes = unsafe { header.as_ref() }.system_bytes();
        if bytes != 0 && aside::may_free(bytes).is_err() {
            // SAFETY: (I2) within the header.
            let node = unsafe { header.byte_add(core::mem::offset_of!(Header, links)) };
            // SAFETY: (I14) nobody uses the zone any more, and no list has it. Its hooks are `Send`.
            unsafe { aside::put(node.cast(), free) };
            return false;
        }
        // SAFETY: (I1) the caller's promise.
        unsafe { Self::free(header) };
        true
    }

    /// # Safety
    ///
    /// That of `destroy`.
    unsafe fn free(header: NonNull<Header>) {
        struct Free(NonNull<Header>);
        impl Drop for Free {
            fn drop(&mut self) {
                // SAFETY: (I1) the caller's promise. The reference ends before the memory does.
                let this = unsafe { self.0.as_ref() };
                let mut rest = this.first.next.take();
                while let Some(block) = rest {
                    // SAFETY: (I1) as above.
                    rest = unsafe { this.free_block(block) };
                }
                this.unlock_block(&this.first);
                stale::open(this.first.start, this.first.room());
                // SAFETY: (I1) the owner of the memory moves out, so that it does not lie in
                // what it frees.
                let memory = unsafe { (&raw const this.first.memory).read() };
                drop(memory);
            }
        }
        let free = Free(header);
        // SAFETY: (I1) the caller's promise.
        let this = unsafe { header.as_ref() };
        #[cfg(feature = "profile")]
        this.note_high_water();
        if this.state.get() & state::HOOKS != 0 {
            this.run_hooks();
        }
        drop(free);
    }

    /// One handle less; the last one ends the zone.
    ///
    /// # Safety
    ///
    /// I1: the caller gives up a handle of its own.
    #[inline]
    pub(crate) unsafe fn release(header: NonNull<Header>, what: u64) {
        // SAFETY: (I1) alive, as the caller still has what it gives up.
        let this = unsafe { header.as_ref() };
        let now = this.state.get();
        if now & (state::HANDLES | state::ENTRIES) != what {
            this.state.set(now - what);
        } else if now & state::EMPTY == 0 {
            // SAFETY: (I1) that was the last one.
            let freed = unsafe { Self::destroy(header) };
            if freed {
                // What may be freed now, may be freed. Runs hooks, so it comes last.
                aside::collect();
            }
        }
    }
}
