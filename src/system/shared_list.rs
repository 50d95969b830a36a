//! A list that all threads share: values are added, and never removed.
//!
//! Adding and reading take no lock, so that no thread waits for another: neither for one that the system has
//! interrupted, nor, in a forked child, for one that is not there any more.

use std::sync::atomic::{AtomicPtr, Ordering};

/// What is in the list knows the next.
pub(crate) trait Listed: Sized + Sync + 'static {
    fn next(&self) -> &SharedList<Self>;
}

/// A place for the value that was added before the one that has it; the list itself has the newest.
#[derive(Debug)]
pub(crate) struct SharedList<T: 'static>(AtomicPtr<T>);

impl<T: Listed> SharedList<T> {
    pub(crate) const fn new() -> SharedList<T> {
        SharedList(AtomicPtr::new(core::ptr::null_mut()))
    }

    fn get(&self) -> Option<&'static T> {
        // Acquire: what was written to the value before it was added.
        let value = self.0.load(Ordering::Acquire);
        // SAFETY: (I29) null, or made of a `&'static T` by `add`.
        unsafe { value.as_ref() }
    }

    /// Adds a value, which is in no list.
    pub(crate) fn add(&self, value: &'static T) {
        // Nobody writes through it.
        let new = core::ptr::from_ref(value).cast_mut();
        let mut newest = self.0.load(Ordering::Relaxed);
        loop {
            value.next().0.store(newest, Ordering::Relaxed);
            // Release: for `get`. What was added before is passed on, as an exchange continues its release.
            let added =
                self.0.compare_exchange_weak(newest, new, Ordering::Release, Ordering::Relaxed);
            match added {
                Ok(_) => return,
                Err(now) => newest = now,
            }
        }
    }

    /// All values, the newest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static T> + use<T> {
        core::iter::successors(self.get(), |value| value.next().get())
    }
}
