//! How a zone ends.
//!
//! A zone ends with its last handle or stack entry. Its memory is freed at once, or later where a real-time section
//! forbids freeing.

use super::header::{Header, Holder, Links, state};
use super::hooks::HookOf;
use super::stale;
use crate::system::aside;
use core::ptr::NonNull;

impl Header {
    /// Writes a cleanup hook to `place` and registers it.
    ///
    /// # Safety
    ///
    /// I2: `place` lies in this zone and was just allocated for the hook.
    pub(crate) unsafe fn add_hook<F: FnOnce() + Send + 'static>(
        &self,
        place: NonNull<HookOf<F>>,
        closure: F,
    ) {
        // SAFETY: (I2) the caller's promise.
        unsafe { self.hooks.add(place, closure) };
        self.state.set(self.state.get() | state::HOOKS);
    }

    /// Runs each cleanup hook once, newest first. Hooks that are added meanwhile run too.
    ///
    /// A hook that panics does not keep the others from running.
    pub(crate) fn run_hooks(&self) {
        /// Clears the flag even when a hook panics.
        struct ClearHooksFlag<'a>(&'a Header);
        impl Drop for ClearHooksFlag<'_> {
            fn drop(&mut self) {
                self.0.state.set(self.0.state.get() & !state::HOOKS);
            }
        }
        let _clear_flag = ClearHooksFlag(self);
        self.hooks.run();
    }

    /// Ends the zone. It runs the hooks and frees the memory, or puts the zone aside where a real-time section forbids
    /// freeing. If this happens in a hook of another zone that ends, the zone ends after that one. The result says
    /// whether the zone was freed.
    ///
    /// # Safety
    ///
    /// I1: nothing holds the zone any more: no handle, no stack entry, no thread's list and no borrow.
    #[cold]
    #[inline(never)]
    pub(crate) unsafe fn destroy(header: NonNull<Header>) -> bool {
        unsafe fn free(node: NonNull<aside::Node>) {
            // SAFETY: (I14) the node lies where the header's links were.
            unsafe { node.cast::<Links>().write(Links::none()) };
            // SAFETY: (I14) the links lie so far from the start of their header.
            let header = unsafe { node.byte_sub(core::mem::offset_of!(Header, links)) };
            // SAFETY: (I14) nothing has used the zone since it was put aside.
            unsafe { Header::free(header.cast()) };
        }
        // SAFETY: (I1) the caller's promise.
        let bytes = unsafe { header.as_ref() }.system_bytes();
        let denied = bytes != 0 && aside::may_free(bytes).is_err();
        // SAFETY: (I1) the caller's promise.
        if !denied && unsafe { header.as_ref() }.state.get() & state::HOOKS == 0 {
            // SAFETY: (I1) the caller's promise.
            unsafe { Self::free(header) };
            return true;
        }
        // SAFETY: (I2) the links are within the header.
        let node = unsafe { header.byte_add(core::mem::offset_of!(Header, links)) };
        if denied {
            // SAFETY: (I14) nobody uses the zone any more, and it is in no list. Its hooks are `Send`.
            unsafe { aside::put(node.cast(), free) };
            return false;
        }
        // SAFETY: (I14) nobody uses the zone any more, and it is in no list.
        unsafe { aside::free_in_turn(node.cast(), free) }
    }

    /// # Safety
    ///
    /// The same as for `destroy`.
    unsafe fn free(header: NonNull<Header>) {
        struct FreeBlocks(NonNull<Header>);
        impl Drop for FreeBlocks {
            fn drop(&mut self) {
                // SAFETY: (I1) the caller's promise. The reference ends before the memory does.
                let this = unsafe { self.0.as_ref() };
                let mut rest = this.first.next.take();
                while let Some(block) = rest {
                    // SAFETY: (I1) nobody uses what is in the block, and it was just taken out of the list.
                    rest = unsafe { this.free_block(block) };
                }
                this.unlock_block(&this.first);
                stale::open(this.first.start, this.first.capacity());
                // SAFETY: (I1) the memory's owner is moved out of the memory that it frees, and nobody reads it here
                // again.
                let memory = unsafe { (&raw const this.first.memory).read() };
                drop(memory);
            }
        }
        let free = FreeBlocks(header);
        // SAFETY: (I1) the caller's promise.
        let this = unsafe { header.as_ref() };
        #[cfg(feature = "profile")]
        this.note_site();
        if this.state.get() & state::HOOKS != 0 {
            this.run_hooks();
        }
        drop(free);
    }

    /// Gives up one handle or stack entry. The last one ends the zone.
    ///
    /// # Safety
    ///
    /// I1: the caller gives up a handle or entry of its own.
    #[inline(always)]
    pub(crate) unsafe fn release(header: NonNull<Header>, holder: Holder) {
        // SAFETY: (I1) the zone is alive, as the caller still has what it gives up.
        let this = unsafe { header.as_ref() };
        let now = this.state.get().wrapping_sub(holder.unit());
        if state::has_sign(now) {
            // SAFETY: (I1) the caller's promise.
            unsafe { Self::release_cold(header, holder) };
        } else {
            this.state.set(now);
        }
    }

    /// Gives up one handle of a zone that is made and not sealed. This is `release` with less to look at, for the handle
    /// of a box: the static zone has no boxes, and no zone is sealed that has any.
    ///
    /// # Safety
    ///
    /// I1: the caller gives up a handle of its own, and the zone is such a zone.
    #[inline(always)]
    pub(crate) unsafe fn release_handle(header: NonNull<Header>) {
        // SAFETY: (I1) the zone is alive, as the caller still has what it gives up.
        let this = unsafe { header.as_ref() };
        // Counted before it is looked at, so that this is one instruction. Subtracting the last handle borrows, which sets the sign.
        let now = this.state.get().wrapping_sub(state::HANDLE);
        this.state.set(now);
        if state::has_sign(now) {
            // SAFETY: (I1) the caller's promise.
            unsafe { Self::release_counted(header) };
        }
    }

    /// Gives up a handle of a zone that this ends, or that is full. `release_handle` has counted it as given up already.
    ///
    /// # Safety
    ///
    /// That of `destroy`.
    #[cold]
    #[inline(never)]
    unsafe fn release_counted(header: NonNull<Header>) {
        // SAFETY: (I1) the caller's promise.
        let state = &unsafe { header.as_ref() }.state;
        state.set(state.get().wrapping_add(state::HANDLE));
        // SAFETY: (I1) the caller's promise.
        unsafe { Self::release_cold(header, Holder::Handle) };
    }

    /// Gives up a handle or an entry of a zone that this ends, or that is full. The static zone never ends.
    ///
    /// # Safety
    ///
    /// That of `release`.
    #[cold]
    #[inline(never)]
    unsafe fn release_cold(header: NonNull<Header>, holder: Holder) {
        // SAFETY: (I1) the caller's promise.
        let state = &unsafe { header.as_ref() }.state;
        if state.get() & state::EMPTY != 0 {
            return;
        }
        if state::others(state.get()) != 0 {
            return state.set(state.get() - holder.unit());
        }
        // SAFETY: (I1) the caller's promise.
        let freed = unsafe { Self::destroy(header) };
        if freed {
            // As freeing is allowed here, free what was put aside too. This runs hooks, so it comes last.
            aside::collect();
        }
    }
}
