//! Zones for scopes that the caller owns: scopes without a thread's stack.
//!
//! It uses `zone` only. An arena is a fixed row of zones. A scope takes one that nobody uses, and puts it back when it
//! ends. Nothing here is unsafe: a zone that somebody holds a handle to is passed over, since its own counter says so.

#![forbid(unsafe_code)]

use crate::error::ZoneError;
use crate::zone::Zone;
use core::cell::Cell;
use core::fmt;
use core::mem::MaybeUninit;
use core::panic::RefUnwindSafe;

/// A row of `N` zones for up to `N` scopes at a time, one in another or in tasks that take turns:
/// `beginz!(z of arena => ..)` and `letz!(z of arena; ..)`.
///
/// Such a scope does not touch the thread's stack of zones. So it works where there are no threads and no memory but a
/// buffer: in firmware, in an interrupt handler that owns its arena, and in code that must not depend on its thread.
/// What leaves it moves. With `in outer` it is copied to that zone, as in any scope.
///
/// ```
/// use core::mem::MaybeUninit;
/// use memzone::{Arena, letz};
///
/// // In firmware this is a `static` that is taken once, at the start.
/// let buffer = Box::leak(Box::new([MaybeUninit::uninit(); 16 * 1024]));
/// let arena = Arena::<2>::from_buffer(buffer)?;
///
/// let peak = letz!(z of arena; block = [0.5_f32; 64] => {
///     let twice = memzone::beginz!(inner of arena => inner.alloc_slice(64, 1.0_f32)[0]);
///     block.iter().fold(twice, |peak, x| x.abs().max(peak))
/// });
/// assert_eq!(peak, 1.0);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Real-time
///
/// Making one from a buffer: yes. Scopes: yes, if the zones' cleanup hooks are, and what grows a zone is not.
pub struct Arena<const N: usize> {
    /// Those that no scope has now.
    zones: [Cell<Option<Zone>>; N],
    /// The bytes that each zone had room for when it was made.
    bytes: usize,
}

impl<const N: usize> Arena<N> {
    /// Makes the zones, each with room for `bytes`. They grow if that is not enough.
    ///
    /// ```
    /// use memzone::{Arena, beginz};
    ///
    /// let arena = Arena::<4>::new(4096)?;
    /// assert_eq!(beginz!(z of arena => z.alloc_slice(1000, 1_u8).len()), 1000);
    /// assert_eq!(arena.free(), 4);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_new`].
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[cfg(feature = "alloc")]
    pub fn new(bytes: usize) -> Result<Arena<N>, ZoneError> {
        let arena = Arena { zones: [const { Cell::new(None) }; N], bytes };
        for place in &arena.zones {
            place.set(Some(Zone::builder().capacity(bytes).try_build()?));
        }
        Ok(arena)
    }

    /// Makes the zones in a buffer, which they share equally. They do not grow.
    ///
    /// Each zone takes [`Zone::OVERHEAD`] bytes of its share for itself.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ZoneError::TooLarge), with what a share would need and what it has, if the buffer is too small.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn from_buffer(buffer: &'static mut [MaybeUninit<u8>]) -> Result<Arena<N>, ZoneError> {
        let share = buffer.len().checked_div(N).unwrap_or(0);
        let mut shares = buffer.chunks_exact_mut(share.max(1));
        let mut bytes = usize::MAX;
        let zones = [const { Cell::new(None) }; N];
        for place in &zones {
            let zone = Zone::try_from_buffer(shares.next().unwrap_or_default())?;
            bytes = bytes.min(zone.capacity());
            place.set(Some(zone));
        }
        Ok(Arena { zones, bytes })
    }

    /// The number of zones that no scope has.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// O(`N`)
    pub fn free(&self) -> usize {
        let is_there = |place: &&Cell<Option<Zone>>| {
            let zone = place.take();
            let is_there = zone.is_some();
            place.set(zone);
            is_there
        };
        self.zones.iter().filter(is_there).count()
    }

    /// Takes a zone that nobody uses and that has room for `bytes`.
    fn take(&self, bytes: usize) -> Result<ArenaScope<'_>, ZoneError> {
        if bytes > self.bytes {
            return Err(ZoneError::TooLarge { requested: bytes, available: self.bytes });
        }
        for place in &self.zones {
            // The scope puts the zone back where it came from, whatever happens.
            let mut scope = ArenaScope { place, zone: place.take() };
            // One that a scope has left with handles of others is full until these are gone.
            if scope.zone.as_mut().is_some_and(|zone| zone.reset().is_ok()) {
                return Ok(scope);
            }
        }
        let limit = self.bytes.saturating_mul(N);
        Err(ZoneError::LimitReached { requested: bytes, limit, used: limit })
    }
}

// A scope that a panic ends puts its zone back.
impl<const N: usize> RefUnwindSafe for Arena<N> {}

impl<const N: usize> fmt::Debug for Arena<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arena").field("zones", &N).field("free", &self.free()).finish()
    }
}

/// What you write after `of` in a scope: an arena, or a reference to one.
pub trait AsArena {
    /// Takes a zone for a scope.
    ///
    /// # Real-time
    ///
    /// Yes.
    fn take_zone_of_arena(&self, bytes: usize) -> Result<ArenaScope<'_>, ZoneError>;
}

impl<const N: usize> AsArena for Arena<N> {
    #[inline]
    fn take_zone_of_arena(&self, bytes: usize) -> Result<ArenaScope<'_>, ZoneError> {
        self.take(bytes)
    }
}

/// A scope's zone. Dropping this ends the scope.
pub struct ArenaScope<'a> {
    place: &'a Cell<Option<Zone>>,
    /// `None` if the place was empty.
    zone: Option<Zone>,
}

impl ArenaScope<'_> {
    /// The scope's zone.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn zone(&self) -> &Zone {
        // The place had a zone, or there would be no scope.
        self.zone.as_ref().unwrap_or_else(|| unreachable!("the scope has a zone"))
    }

    /// Ends the scope.
    ///
    /// # Real-time
    ///
    /// Yes, if the zone's cleanup hooks are.
    #[inline]
    pub fn end(self) {}
}

impl Drop for ArenaScope<'_> {
    fn drop(&mut self) {
        /// Puts the zone back, also if a hook panics.
        struct PutBack<'a, 'b>(&'a mut ArenaScope<'b>);
        impl Drop for PutBack<'_, '_> {
            fn drop(&mut self) {
                if let Some(zone) = self.0.zone.take() {
                    self.0.place.set(Some(zone));
                }
            }
        }
        let scope = PutBack(self);
        if let Some(zone) = &mut scope.0.zone {
            // With handles of others it stays as it is until a later scope finds it without them.
            let _ = zone.reset();
        }
    }
}
