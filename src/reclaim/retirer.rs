//! The real-time side: a retirer hands values over.

#![forbid(unsafe_code)]

use super::erased::{Erased, FitsSlot};
use super::ring::Ring;
use core::fmt;
use core::sync::atomic::Ordering;
use rtrb::Producer;
use std::sync::Arc;

/// Hands the values of a real-time thread over to its [`Reclaimer`](super::Reclaimer), which drops them on another
/// thread.
///
/// Make one for each real-time thread. It may be sent to its thread, but not shared. It is a wait-free queue with one
/// producer and one consumer (crate `rtrb`).
///
/// # Real-time
///
/// Yes, for all methods, and for dropping it while the reclaimer lives. After the reclaimer's end, dropping it drops
/// the values in its ring.
pub struct Retirer {
    /// Dropped before `producer`. So whoever sees that the retirer is gone is the last owner of the ring, and the
    /// reclaimer frees it if it still lives (I33).
    pub(super) ring: Arc<Ring>,
    pub(super) producer: Producer<Erased>,
}

impl Retirer {
    /// Hands a value over. The reclaimer drops it on another thread.
    ///
    /// A value that is larger than [`MAX_SIZE`](super::MAX_SIZE) or more aligned than [`MAX_ALIGN`](super::MAX_ALIGN)
    /// does not compile.
    ///
    /// # Errors
    ///
    /// [`Full`] with the value, if no slot is free. Keep the value and try again with the next block of audio, as
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
    /// Yes: it is wait-free. It moves the value, allocates nothing and locks nothing.
    ///
    /// # Time complexity
    ///
    /// Constant.
    #[doc(alias("drop", "free"))]
    #[inline]
    pub fn retire<T: Send + 'static>(&mut self, value: T) -> Result<(), Full<T>> {
        let fits = const { FitsSlot::check() };
        if self.producer.is_full() {
            // No other thread writes to this counter, so a load and a store are enough. A read-modify-write operation
            // would not be wait-free on every machine.
            let refused = self.ring.refused.load(Ordering::Relaxed);
            self.ring.refused.store(refused.wrapping_add(1), Ordering::Relaxed);
            return Err(Full(value));
        }
        // The ring was not full a moment ago, and nobody else takes slots, so the push succeeds. No unsafe code relies
        // on that: a value that was not pushed would be dropped here.
        let pushed = self.producer.push(Erased::new(value, fits));
        debug_assert!(pushed.is_ok(), "only this retirer takes slots");
        Ok(())
    }

    /// The most values that it can hold.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.producer.buffer().capacity()
    }

    /// The number of free slots. Only [`retire`](Retirer::retire) makes it smaller.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn remaining(&self) -> usize {
        self.producer.slots()
    }

    /// Whether the reclaimer and its background threads have ended. Then nobody collects what is retired before this
    /// retirer is dropped.
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
        // The reclaimer owns each ring too, as long as the ring's retirer lives.
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

/// The ring has no free slot. The value is returned.
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
    /// Does not show the value, which may not be `Debug`.
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
