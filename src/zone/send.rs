//! A zone on its way to another thread.

use super::Zone;

impl Zone {
    /// Makes the zone ready to go to another thread. This must be its only handle, with no `ZBox` in the zone and no
    /// entry on a stack.
    ///
    /// # Errors
    ///
    /// The zone itself, unchanged, if something else holds it.
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
/// assert_eq!(used.join().unwrap(), 8);
/// ```
#[derive(Debug)]
pub struct SendZone(Zone);

// SAFETY: (I3) it is made from the zone's only handle, with no entry on any stack, and gives out no reference to it.
// Only cleanup hooks can run on the way, and they are `Send + 'static`.
unsafe impl Send for SendZone {}

impl SendZone {
    /// Unpacks the zone, which then belongs to the current thread.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn into_zone(self) -> Zone {
        self.0
    }
}
