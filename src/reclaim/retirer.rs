//! The real-time side: a retirer hands values over.

#![forbid(unsafe_code)]

use super::erased::{Erased, FitsSlot};
use super::ring::Ring;
use core::fmt;
use core::sync::atomic::Ordering;
use rtrb::Producer;
use std::sync::Arc;

/// Hands a real-time thread's values over to its [`Reclaimer`], which drops them elsewhere.
///
/// One for each real-time thread: it may be sent there, but not shared. It is a wait-free queue for
/// one producer and one consumer (crate `rtrb`).
///
/// # Real-time
///
/// Yes, for all methods, and for dropping it while the reclaimer lives. After that, dropping it
/// drops what it holds.
pub struct Retirer {
    /// Given up before `producer` is: who then sees the retirer gone is the last to hold the ring.
    /// So the reclaimer frees it, where it lives.
    pub(super) ring: Arc<Ring>,
    pub(super) producer: Producer<Erased>,
}

impl Retirer {
    /// Hands a value over. It is dropped by the reclaimer, on another thread.
    ///
    /// A value larger than [`MAX_SIZE`] or more aligned than [`MAX_ALIGN`] does not compile.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value, where no slot is free. Keep it and try again with the next block:
    /// dropping it would free it here.
    ///
    /// ```
    /// use memzone::reclaim::{Full, Reclaimer};
    ///
    /// let reclaimer = Reclaimer::new();
    /// let mut retirer = reclaimer.retirer(1);
    /// retirer.retire(vec![0.0_f32; 64])?;
    /// let Full(kept) = retirer.retire(vec![1.0_f32; 64]).unwrap_err();
    /// reclaimer.collect();
    /// retirer.retire(kept)?;
    /// # Ok::<(), Full<Vec<f32>>>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: wait-free. It moves the value, allocates nothing and locks nothing.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[inline]
    pub fn retire<T: Send + 'static>(&mut self, value: T) -> Result<(), Full<T>> {
        let fits = const { FitsSlot::check() };
        if self.producer.is_full() {
            // No other thread writes to it, so this needs no read-modify-write, which would not be
            // wait-free on every machine.
            let refused = self.ring.refused.load(Ordering::Relaxed);
            self.ring.refused.store(refused.wrapping_add(1), Ordering::Relaxed);
            return Err(Full(value));
        }
        // Not full a moment ago, and nobody else takes slots, so it is pushed. Nothing that is unsafe leans on it: a
        // value that were not would be dropped here.
        let pushed = self.producer.push(Erased::new(value, fits));
        debug_assert!(pushed.is_ok(), "only this retirer takes slots");
        Ok(())
    }

    /// How many values it holds at most.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.producer.buffer().capacity()
    }

    /// How many slots are free now. Only [`retire`](Retirer::retire) makes them fewer.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn remaining(&self) -> usize {
        self.producer.slots()
    }

    /// Whether the reclaimer has ended, and its background threads too, so that nobody will collect
    /// what is retired before this retirer is dropped.
    ///
    /// ```
    /// use memzone::reclaim::Reclaimer;
    ///
    /// let reclaimer = Reclaimer::new();
    /// let retirer = reclaimer.retirer(4);
    /// drop(reclaimer);
    /// assert!(retirer.is_abandoned()); // what it holds is dropped with it, on its own thread
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_abandoned(&self) -> bool {
        // The reclaimer holds each ring as long as the ring's retirer lives.
        Arc::strong_count(&self.ring) == 1
    }
}

impl fmt::Debug for Retirer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retirer")
            .field("remaining", &self.remaining())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

/// The ring has no free slot; the value comes back.
///
/// ```
/// use memzone::reclaim::{Full, Reclaimer};
///
/// let mut retirer = Reclaimer::new().retirer(0);
/// let Full(name) = retirer.retire("kick".to_string()).unwrap_err();
/// assert_eq!(name, "kick");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

impl<T> fmt::Debug for Full<T> {
    /// Without the value, which need not be `Debug`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(..)")
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ring is full: collect more often, or make the retirer with more slots")
    }
}

impl<T> core::error::Error for Full<T> {}
