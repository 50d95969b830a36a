//! The builder, which says what a zone is to be like.

#![forbid(unsafe_code)]

use super::Zone;
use crate::error::{ZoneError, or_panic};
use crate::region::header::{Header, Settings};
use core::cell::Cell;

/// Makes zones with settings of your own; see [`Zone::builder`].
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
    /// Gives the zone room for at least this many bytes from the start. The default is 4096.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(mut self, bytes: usize) -> Self {
        self.settings.capacity = bytes;
        self
    }

    /// Limits what the zone ever takes from the system to this many bytes, headers included. If the capacity and the
    /// overhead do not fit, the zone starts smaller.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[doc(alias = "set_allocation_limit")]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.settings.limit = bytes;
        self
    }

    /// Makes a zone that never grows. Its capacity is exactly what was asked for, or less if a limit allows no more.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn fixed(mut self) -> Self {
        self.settings.fixed = true;
        self
    }

    /// Gives the zone a name, which appears in messages and statistics.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn name(mut self, name: &'static str) -> Self {
        self.settings.name = Some(name);
        self
    }

    /// Touches every page when it is taken, so that no allocation causes a page fault later.
    ///
    /// # Real-time
    ///
    /// Yes. Making the zone is not.
    #[doc(alias("MAP_POPULATE", "touch"))]
    pub fn prefault(mut self) -> Self {
        self.settings.prefault = true;
        self
    }

    /// Asks the system to keep the zone's memory resident (`mlock`), later blocks included.
    ///
    /// The system may refuse, as there is a limit (`ulimit -l`), and some systems cannot do it at all.
    /// [`Zone::is_locked`] tells whether it worked.
    ///
    /// # Real-time
    ///
    /// Yes. Making the zone is not.
    #[doc(alias = "mlock")]
    pub fn lock(mut self) -> Self {
        self.settings.lock = true;
        self
    }

    /// Has large blocks made of huge pages, which make random access to many megabytes faster: the processor looks up
    /// 2 MiB at a time instead of 4 KiB. It is for tables of samples and large pools of voices.
    ///
    /// A first block of 2 MiB and more begins at a multiple of 2 MiB, and so does every later one. Their sizes are
    /// multiples of 2 MiB, in which a header of some 200 bytes has to find room too. Within a
    /// [`limit`](ZoneBuilder::limit) there are as many huge pages as it has room for, and the rest is ordinary memory.
    /// With [`prefault`](ZoneBuilder::prefault) the huge pages are touched, so there is one page fault for each of them.
    ///
    /// The system may refuse, and it may have too few at the moment. Neither is an error: the memory has ordinary pages
    /// then. [`Zone::is_huge`] tells about a refusal. On 64-bit Linux memzone asks by `madvise` (with the feature
    /// `libc`). Elsewhere this does nothing.
    ///
    /// ```
    /// use memzone::Zone;
    ///
    /// let grains = Zone::builder().capacity(32 << 20).huge_pages().build();
    /// if !grains.is_huge() {
    ///     println!("see /sys/kernel/mm/transparent_hugepage/enabled");
    /// }
    /// let samples = grains.alloc_slice(1 << 20, 0.0_f32);
    /// assert_eq!(samples.len(), 1 << 20);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes. Making the zone is not.
    pub fn huge_pages(mut self) -> Self {
        self.settings.huge = true;
        self
    }

    /// Makes the zone.
    ///
    /// # Panics
    ///
    /// When the system has no memory, or the limit leaves no room for a zone at all.
    ///
    /// # Real-time
    ///
    /// No.
    #[track_caller]
    pub fn build(self) -> Zone {
        or_panic(self.try_build())
    }

    /// Like [`build`](ZoneBuilder::build), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge), and
    /// [`LimitReached`](ZoneError::LimitReached) if the limit leaves no room for a zone.
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
