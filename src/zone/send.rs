//! A zone on its way to another thread.

use super::Zone;

impl Zone {
    /// Makes the zone ready for another thread. Only a sole handle may go: the zone comes back
    /// where there are others, `ZBox`es or stack entries.
    ///
    /// # Errors
    ///
    /// The zone itself, unchanged.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_sendable(self) -> Result<SendZone, Zone> {
        if self.header().is_sole() { Ok(SendZone(self)) } else { Err(self) }
    }
}

/// A zone on its way to another thread; see [`Zone::into_sendable`].
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::new(4096);
/// let sendable = zone.into_sendable().expect("a sole handle");
/// let used = std::thread::spawn(move || {
///     let zone = sendable.into_zone();
///     zone.alloc(1_u64);
///     zone.used()
/// });
/// assert_eq!(used.join().unwrap(), 16);
/// ```
#[derive(Debug)]
pub struct SendZone(Zone);

// SAFETY: (I3) made from the only handle, with no entry on any stack, and gives out no reference to
// it. What may still run, the cleanup hooks, is `Send + 'static`.
unsafe impl Send for SendZone {}

impl SendZone {
    /// The zone, on the thread it now belongs to.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_zone(self) -> Zone {
        self.0
    }
}
