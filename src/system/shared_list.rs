//! A list that all threads share. Values are added, and never removed.
//!
//! Adding and reading take no lock, so no thread waits for another. This matters if the system has interrupted the
//! other thread, and in a forked child, where the other thread does not exist.

use core::sync::atomic::{AtomicPtr, Ordering};

/// A value in the list has a place for the link to the next one.
pub(crate) trait Listed: Sized + Sync + 'static {
    fn next(&self) -> &SharedList<Self>;
}

/// A link: the list itself has the newest value, and each value has the one that was added before it.
#[derive(Debug)]
pub(crate) struct SharedList<T: 'static>(AtomicPtr<T>);

impl<T: Listed> SharedList<T> {
    pub(crate) const fn new() -> SharedList<T> {
        SharedList(AtomicPtr::new(core::ptr::null_mut()))
    }

    fn get(&self) -> Option<&'static T> {
        // Acquire: this thread sees what was written to the value before it was added.
        let value = self.0.load(Ordering::Acquire);
        // SAFETY: (I29) the pointer is null, or `add` made it from a `&'static T`.
        unsafe { value.as_ref() }
    }

    /// Adds a value, which must be in no list yet.
    pub(crate) fn add(&self, value: &'static T) {
        // The pointer is only `*mut` because `AtomicPtr` wants that. Nobody writes through it.
        let new = core::ptr::from_ref(value).cast_mut();
        let mut newest = self.0.load(Ordering::Relaxed);
        loop {
            value.next().0.store(newest, Ordering::Relaxed);
            // Release: pairs with `get`. The values that were added before are published too, as an exchange continues
            // the release sequence of those before it.
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
