//! What each thread has for itself: `thread_local!`, and what stands for it without `std`.
//!
//! Without `std` memzone knows no threads. There is one slot for the whole program, and nobody has it until the program
//! [claims](slot::claim_thread) it. So what needs the slot takes the way that it takes on a thread that is at its end.

/// Like `thread_local!` with constants only.
#[cfg(feature = "std")]
macro_rules! per_thread {
    ($($tokens:tt)*) => {
        ::std::thread_local! { $($tokens)* }
    };
}

/// Like `thread_local!` with constants only.
#[cfg(not(feature = "std"))]
macro_rules! per_thread {
    ($($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty = const $value:block;)*) => {$(
        $(#[$attribute])*
        $vis static $name: $crate::system::per_thread::Slot<$type> =
            $crate::system::per_thread::Slot::new($value);
    )*};
}

/// What such a static is.
#[cfg(feature = "std")]
pub(crate) type Key<T> = std::thread::LocalKey<T>;
#[cfg(not(feature = "std"))]
pub(crate) type Key<T> = Slot<T>;

pub(crate) use per_thread;

#[cfg(not(feature = "std"))]
pub(crate) use slot::Slot;
#[cfg(not(feature = "std"))]
pub use slot::claim_thread;

#[cfg(any(test, not(feature = "std")))]
#[cfg_attr(feature = "std", allow(dead_code, unreachable_pub))]
mod slot {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicBool, Ordering};

    /// Whether the program has claimed the slots.
    static CLAIMED: AtomicBool = AtomicBool::new(false);

    /// Gives memzone's words that need a thread (scopes without a zone of the caller's, `peek_zone`, `push_zone`,
    /// `alloc`, `rt::enter`, `RtHeap`) to the one line of execution that the caller vouches for. It is for programs
    /// without `std`, once at their start.
    ///
    /// # Safety
    ///
    /// I55: from now on nothing but that one line of execution may run any code of memzone, or drop a value of a type of
    /// memzone's. Interrupt handlers, other cores and other tasks of a real-time operating system must not, in safe code
    /// either.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub unsafe fn claim_thread() {
        CLAIMED.store(true, Ordering::Release);
    }

    /// Nobody has claimed the slots.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct NotClaimed;

    /// What the one line of execution has for itself. It has the methods of `std::thread::LocalKey` that memzone uses.
    pub(crate) struct Slot<T>(T);

    // SAFETY: (I55) only the line of execution that has claimed the slots comes to the value.
    unsafe impl<T> Sync for Slot<T> {}

    impl<T: 'static> Slot<T> {
        pub(crate) const fn new(value: T) -> Slot<T> {
            Slot(value)
        }

        #[inline]
        pub(crate) fn try_with<R>(
            &'static self,
            use_it: impl FnOnce(&T) -> R,
        ) -> Result<R, NotClaimed> {
            match CLAIMED.load(Ordering::Acquire) {
                true => Ok(use_it(&self.0)),
                false => Err(NotClaimed),
            }
        }

        #[inline]
        #[track_caller]
        pub(crate) fn with<R>(&'static self, use_it: impl FnOnce(&T) -> R) -> R {
            match self.try_with(use_it) {
                Ok(result) => result,
                Err(NotClaimed) => not_claimed(),
            }
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn not_claimed() -> ! {
        panic!(
            "memzone: this needs a thread. A program without `std` calls `memzone::claim_thread` first"
        )
    }

    impl<T: 'static> Slot<Cell<T>> {
        #[inline]
        #[track_caller]
        pub(crate) fn set(&'static self, value: T) {
            self.with(|cell| cell.set(value));
        }

        #[inline]
        #[track_caller]
        pub(crate) fn get(&'static self) -> T
        where
            T: Copy,
        {
            self.with(Cell::get)
        }

        #[inline]
        #[track_caller]
        pub(crate) fn replace(&'static self, value: T) -> T {
            self.with(|cell| cell.replace(value))
        }

        #[inline]
        #[track_caller]
        pub(crate) fn take(&'static self) -> T
        where
            T: Default,
        {
            self.with(Cell::take)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::slot::{Slot, claim_thread};
    use core::cell::Cell;
    use std::panic::catch_unwind;

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn nobody_comes_to_a_slot_before_it_is_claimed() {
        static NUMBER: Slot<Cell<u32>> = Slot::new(Cell::new(1));
        assert!(NUMBER.try_with(Cell::get).is_err());
        assert!(catch_unwind(|| NUMBER.get()).is_err());
        assert!(catch_unwind(|| NUMBER.set(2)).is_err());
        // SAFETY: (I55) no other test uses such slots.
        unsafe { claim_thread() };
        assert_eq!((NUMBER.replace(2), NUMBER.get(), NUMBER.take()), (1, 2, 2));
        NUMBER.set(3);
        assert_eq!(NUMBER.try_with(Cell::get).unwrap(), 3);
    }
}
