//! xtlang's words for the stack: push, pop, peek, reset, destroy.

#![forbid(unsafe_code)]

use super::list::{Place, STACK, Stack};
use super::pushed::Entry;
use crate::error::{ZoneError, or_panic};
use crate::insight::ledger;
use crate::zone::Zone;
use crate::zone::places::{Seat, Seats};
use core::marker::PhantomData;
use core::ptr::NonNull;

/// A handle to the current zone, if counting is enough for that.
#[inline(always)]
fn quick_current() -> Option<Zone> {
    STACK.with(|stack| stack.with_current(Zone::clone_if_counting_is_enough))
}

/// A handle to the current zone.
#[cold]
#[inline(never)]
#[track_caller]
fn current_cold() -> Result<Zone, ZoneError> {
    STACK.with(Stack::current)
}

/// Takes a place in the current zone for a value that gets a handle of its own.
#[inline(always)]
#[track_caller]
pub(crate) fn seat_in_current<E: Seats>(
    size: usize,
    align: usize,
    take: impl FnOnce(&Zone) -> Option<NonNull<u8>>,
) -> Result<Seat, E::Error> {
    match STACK.with(|stack| stack.with_current(|zone| zone.quick_seat(size, take))) {
        Some(seat) => Ok(seat),
        None => E::seat_of(current_cold, size, align),
    }
}

/// Makes a zone the current one until this is dropped. What is pushed or left in between does not matter.
pub(crate) struct Entered<'z> {
    entry: Entry,
    /// A handle keeps the zone. And this must not leave its thread, as it refers to the thread's stack.
    handle: PhantomData<(&'z Zone, *const ())>,
}

impl<'z> Entered<'z> {
    #[inline(always)]
    pub(crate) fn new(zone: &'z Zone) -> Result<Entered<'z>, ZoneError> {
        let entry = match STACK.with(|stack| stack.enter_if_room(zone)) {
            Some(entry) => entry,
            None => enter_cold(zone)?,
        };
        Ok(Entered { entry, handle: PhantomData })
    }

    /// Like `new`, with a panic instead of an error.
    #[inline(always)]
    #[track_caller]
    fn new_or_panic(zone: &'z Zone) -> Entered<'z> {
        let entry = match STACK.with(|stack| stack.enter_if_room(zone)) {
            Some(entry) => entry,
            None => enter_or_panic(zone),
        };
        Entered { entry, handle: PhantomData }
    }
}

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if !STACK.with(|stack| stack.remove_entered(&self.entry)) {
            remove_from(self.entry.place);
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn enter_cold(zone: &Zone) -> Result<Entry, ZoneError> {
    let place = push_cold(zone)?;
    Ok(Entry { zone: zone.raw(), place })
}

#[cold]
#[inline(never)]
#[track_caller]
fn enter_or_panic(zone: &Zone) -> Entry {
    or_panic(enter_cold(zone))
}

#[cold]
#[inline(never)]
#[track_caller]
fn push_cold(zone: &Zone) -> Result<Place, ZoneError> {
    STACK.with(|stack| stack.push_cold(zone))
}

#[cold]
#[inline(never)]
#[track_caller]
fn push_or_panic(zone: &Zone) {
    or_panic(push_cold(zone));
}

/// Removes the entry in this place, and all above it.
#[cold]
#[inline(never)]
fn remove_from(place: Place) {
    STACK.with(|stack| stack.remove_from(place));
}

impl Zone {
    /// Makes this the thread's current zone while `body` runs. This ends even if `body` panics. What `body` leaves
    /// pushed is removed then, and scopes above that lose their place on the stack.
    ///
    /// ```
    /// use memzone::{ZBox, Zone};
    ///
    /// let voices = Zone::new(4096);
    /// let voice = voices.enter(|| ZBox::new([0.0_f32; 64]));
    /// assert!(voices.contains(&*voice));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`push_zone`] panics.
    ///
    /// # Real-time
    ///
    /// Yes, if the thread's stack was that deep before.
    #[inline(always)]
    #[track_caller]
    #[doc(alias("push_allocator", "with_zone", "memzone"))]
    pub fn enter<R>(&self, body: impl FnOnce() -> R) -> R {
        let _entered = Entered::new_or_panic(self);
        body()
    }

    /// Like [`enter`](Zone::enter), with an error instead of a panic. On an error `body` is not run.
    ///
    /// # Errors
    ///
    /// Those of [`try_push_zone`].
    ///
    /// # Real-time
    ///
    /// Yes, if the thread's stack was that deep before.
    #[inline]
    pub fn try_enter<R>(&self, body: impl FnOnce() -> R) -> Result<R, ZoneError> {
        let _entered = Entered::new(self)?;
        Ok(body())
    }
}

/// Pushes a zone on the thread's stack, which makes it the current zone.
///
/// The stack keeps the zone alive. A zone may be pushed several times. At the end of a scope, what was pushed inside it
/// and not popped is removed. When the thread ends and memzone's own thread-local is gone, pushing has no effect.
///
/// ```
/// use memzone::{Zone, alloc, pop_zone, push_zone};
///
/// let song = Zone::new(64 * 1024);
/// push_zone(&song);
/// let line = alloc::<f32>(480); // in `song`, as that is on top
/// assert!(song.contains(line.as_ptr()));
/// assert_eq!(pop_zone()?.used(), song.used());
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Panics
///
/// When the system has no memory for a longer stack, when a real-time section forbids a longer stack, at 8,388,606
/// entries, and when the zone has 8,589,934,593 handles and stack entries.
///
/// # Real-time
///
/// Yes, if the thread's stack was that deep before.
///
/// # Time complexity
///
/// Constant, amortised.
#[inline]
#[track_caller]
pub fn push_zone(zone: &Zone) {
    if STACK.with(|stack| stack.push_if_room(zone)).is_none() {
        push_or_panic(zone);
    }
    note_pushed(zone);
}

/// Like [`push_zone`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory) if the system has no memory for a longer stack,
/// [`TooLarge`](ZoneError::TooLarge) at 8,388,606 entries, [`Denied`](ZoneError::Denied) in a real-time section
/// that forbids a longer stack, and [`InUse`](ZoneError::InUse) if the zone has 8,589,934,593 handles and stack entries.
/// Nothing is pushed then.
///
/// # Real-time
///
/// Yes, if the thread's stack was that deep before.
#[inline]
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_push_zone(zone: &Zone) -> Result<(), ZoneError> {
    if STACK.with(|stack| stack.push_if_room(zone)).is_none() {
        push_cold(zone)?;
    }
    note_pushed(zone);
    Ok(())
}

/// Enters a zone that was just pushed in the ledger.
#[inline(always)]
#[cfg_attr(feature = "ledger", track_caller)]
fn note_pushed(zone: &Zone) {
    ledger::pushed::<Zone>(|| STACK.with(Stack::count_pushed), || zone.capacity());
}

/// Makes a zone with room for `bytes` and pushes it. Returns a handle to it.
///
/// ```
/// use memzone::{pop_zone, push_new_zone, zone_depth};
///
/// let depth = zone_depth();
/// let zone = push_new_zone(64 * 1024);
/// assert_eq!(zone_depth(), depth + 1);
/// drop(zone); // the stack still has it
/// assert!(pop_zone()?.capacity() >= 64 * 1024); // freed here
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Panics
///
/// When [`Zone::new`] or [`push_zone`] panics.
///
/// # Real-time
///
/// No: it makes a zone.
#[track_caller]
pub fn push_new_zone(bytes: usize) -> Zone {
    or_panic(try_push_new_zone(bytes))
}

/// Like [`push_new_zone`], with an error instead of a panic.
///
/// # Errors
///
/// Those of [`Zone::try_new`] and [`try_push_zone`].
///
/// # Real-time
///
/// No: it makes a zone.
#[track_caller]
pub fn try_push_new_zone(bytes: usize) -> Result<Zone, ZoneError> {
    let zone = Zone::try_new(bytes)?;
    try_push_zone(&zone)?;
    Ok(zone)
}

/// Removes the topmost zone from the thread's stack and returns a handle to it.
///
/// ```
/// use memzone::{ZoneError, Zone, pop_zone, push_zone};
///
/// let zone = Zone::new(1024);
/// push_zone(&zone);
/// drop(pop_zone()?);
/// assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty);
/// # Ok::<(), ZoneError>(())
/// ```
///
/// # Errors
///
/// [`StackEmpty`](ZoneError::StackEmpty) if only the default zone is left, and [`ScopeActive`](ZoneError::ScopeActive) if
/// the topmost zone belongs to a scope, which stays on the stack.
///
/// # Real-time
///
/// Yes. But dropping the returned handle is not, if it is the last one.
#[inline]
pub fn pop_zone() -> Result<Zone, ZoneError> {
    #[cold]
    #[inline(never)]
    fn refused() -> Result<Zone, ZoneError> {
        Err(STACK.with(Stack::why_no_pop))
    }
    match STACK.with(Stack::pop) {
        Some(zone) => Ok(zone),
        None => refused(),
    }
}

/// A handle to the thread's current zone. That is the topmost zone of the stack. If nothing is on the stack, it is the
/// default zone of 1 MiB (see [`set_default_zone_size`](super::set_default_zone_size)), which is made on its first use.
///
/// ```
/// use memzone::{beginz, peek_zone};
///
/// beginz!(z => {
///     let value = peek_zone().boxed(5); // in the scope's zone
///     assert!(z.contains(&*value));
/// });
/// ```
///
/// # Panics
///
/// When [`try_peek_zone`] gives an error.
///
/// # Real-time
///
/// Yes, unless it makes the default zone.
#[inline]
#[track_caller]
pub fn peek_zone() -> Zone {
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn current_or_panic() -> Zone {
        or_panic(current_cold())
    }
    match quick_current() {
        Some(zone) => zone,
        None => current_or_panic(),
    }
}

/// Like [`peek_zone`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory) if the system has no memory for the default zone,
/// [`Denied`](ZoneError::Denied) if a real-time section forbids making it, and [`InUse`](ZoneError::InUse) if the zone
/// has 8,589,934,593 handles and stack entries.
///
/// # Real-time
///
/// Yes, unless it makes the default zone.
#[inline]
pub fn try_peek_zone() -> Result<Zone, ZoneError> {
    match quick_current() {
        Some(zone) => Ok(zone),
        None => current_cold(),
    }
}

/// Rewinds a zone, like [`Zone::reset`].
///
/// ```
/// use memzone::{Zone, reset_zone};
///
/// let mut zone = Zone::new(4096);
/// zone.alloc_slice(64, 0.0_f32);
/// reset_zone(&mut zone)?;
/// assert_eq!(zone.used(), 0);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Errors
///
/// [`InUse`](ZoneError::InUse) while the zone has other handles, `ZBox`es or an active scope.
///
/// # Real-time
///
/// Yes, if the cleanup hooks are.
pub fn reset_zone(zone: &mut Zone) -> Result<(), ZoneError> {
    zone.reset()
}

/// Frees a zone now, if this is its last handle. Otherwise it gives an error and drops this handle, and the zone is
/// freed with the last of the others.
///
/// ```
/// use memzone::{Zone, ZoneError, destroy_zone};
///
/// let zone = Zone::new(4096);
/// let value = zone.boxed(1);
/// assert_eq!(destroy_zone(zone), Err(ZoneError::InUse { handles: 1 }));
/// assert_eq!(*value, 1); // and with it the zone ends
/// ```
///
/// # Errors
///
/// [`InUse`](ZoneError::InUse), with the number of other handles and stack entries.
///
/// # Real-time
///
/// No: it gives memory back.
pub fn destroy_zone(zone: Zone) -> Result<(), ZoneError> {
    zone.check_others(u64::MAX)
}

/// The number of zones on the thread's stack. It includes the zones of scopes, but not the default zone.
///
/// ```
/// use memzone::{beginz, zone_depth};
///
/// let depth = zone_depth();
/// beginz!(assert_eq!(zone_depth(), depth + 1));
/// ```
///
/// # Real-time
///
/// Yes.
pub fn zone_depth() -> usize {
    STACK.with(Stack::depth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::header::state;

    /// `pop_zone` makes a handle of an entry. So without this, pushing a zone and forgetting what is popped counted on, until
    /// the count began at one holder again.
    #[test]
    fn a_zone_with_as_many_holders_as_there_may_be_is_not_pushed() {
        let zone = Zone::new(64);
        // The stack has room for an entry from here on.
        zone.enter(|| ());
        // To leak so many handles takes minutes.
        let state = &zone.header().state;
        state.set(state::FULL);
        let depth = zone_depth();
        assert!(matches!(try_push_zone(&zone), Err(ZoneError::InUse { .. })));
        assert!(matches!(zone.try_enter(|| ()), Err(ZoneError::InUse { .. })));
        assert_eq!((state.get(), zone_depth()), (state::FULL, depth));
        // One less, and it can be entered.
        state.set(state::FULL - state::HANDLE);
        assert_eq!(zone.try_enter(zone_depth), Ok(depth + 1));
        assert_eq!(state.replace(state::SOLE), state::FULL - state::HANDLE);
    }
}
