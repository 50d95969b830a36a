//! What a zone is to be like.

use super::Zone;
use crate::error::{ZoneError, or_panic};
use crate::region::header::{Header, Settings};
use core::cell::Cell;

/// What a zone is to be like; see [`Zone::builder`].
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::builder().capacity(64 * 1024).fixed().name("voices").prefault().build();
/// assert_eq!(zone.capacity(), 64 * 1024);
/// assert_eq!(zone.name(), Some("voices"));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder makes its zone with `build` or `try_build`"]
pub struct ZoneBuilder {
    pub(crate) settings: Settings,
}

impl ZoneBuilder {
    /// Room for at least this many bytes from the start. Without it: 4096.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.settings.capacity = bytes;
        self
    }

    /// At most this many bytes are ever taken from the system, headers included. Where capacity
    /// and overhead do not fit, the zone starts smaller.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.settings.limit = bytes;
        self
    }

    /// Never grows: its capacity is exactly what was asked for, or less where a limit allows no more.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn fixed(mut self) -> Self {
        self.settings.fixed = true;
        self
    }

    /// A name for messages and statistics.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn name(mut self, name: &'static str) -> Self {
        self.settings.name = Some(name);
        self
    }

    /// Touches every page when it is taken, so that no allocation faults one later.
    ///
    /// # Real-time
    ///
    /// Yes; making the zone is not.
    pub fn prefault(mut self) -> Self {
        self.settings.prefault = true;
        self
    }

    /// Asks the system to keep the zone's memory resident (`mlock`), further blocks too. It may refuse, as
    /// there is a limit to it (`ulimit -l`), and not every system has it: [`Zone::is_locked`] tells.
    ///
    /// # Real-time
    ///
    /// Yes; making the zone is not.
    pub fn lock(mut self) -> Self {
        self.settings.lock = true;
        self
    }

    /// Makes the zone.
    ///
    /// # Panics
    ///
    /// Where the system has no memory, or the limit leaves no room for a zone at all.
    ///
    /// # Real-time
    ///
    /// No.
    #[track_caller]
    pub fn build(self) -> Zone {
        or_panic(self.try_build())
    }

    /// Makes the zone.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge), and
    /// [`LimitReached`](ZoneError::LimitReached) where the limit leaves no room for a zone.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn try_build(self) -> Result<Zone, ZoneError> {
        #[cfg(feature = "profile")]
        let settings = {
            let mut settings = self.settings;
            if let Some(name) = settings.name {
                let here = core::panic::Location::caller();
                settings.site =
                    Some(crate::insight::sites::of_named_zone(name, settings.capacity, here));
            }
            settings
        };
        #[cfg(not(feature = "profile"))]
        let settings = self.settings;
        Ok(Zone { header: Cell::new(Header::make(&settings)?) })
    }
}
