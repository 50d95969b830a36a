//! xtlang's words: push, pop, peek, reset, destroy.

use super::list::{STACK, Stack};
use crate::error::{ZoneError, or_panic};
use crate::insight::ledger;
use crate::zone::Zone;
use core::marker::PhantomData;

/// A handle to the current zone.
pub(crate) fn current() -> Result<Zone, ZoneError> {
    STACK.with(Stack::current)
}

/// Makes a zone current until dropped, whatever is pushed or left meanwhile.
pub(crate) struct Entered {
    /// How many zones were pushed before.
    pushed: usize,
    /// Belongs to the thread's stack.
    not_send: PhantomData<*const ()>,
}

impl Entered {
    pub(crate) fn new(zone: &Zone) -> Result<Entered, ZoneError> {
        STACK.with(|stack| {
            let pushed = stack.count_pushed();
            stack.push(zone)?;
            Ok(Entered { pushed, not_send: PhantomData })
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        STACK.with(|stack| stack.remove_while(&|| stack.count_pushed() > self.pushed));
    }
}

impl Zone {
    /// Makes this the thread's current zone while `body` runs, also if it unwinds. What `body`
    /// leaves pushed is removed, and scopes above that lose their place on the stack.
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
    /// Where [`push_zone`] does.
    ///
    /// # Real-time
    ///
    /// Yes, at a depth that the thread's stack has reached before.
    #[track_caller]
    pub fn enter<R>(&self, body: impl FnOnce() -> R) -> R {
        let _entered = or_panic(Entered::new(self));
        body()
    }

    /// Like [`enter`](Zone::enter), with an error instead of a panic. `body` is not run then.
    ///
    /// # Errors
    ///
    /// Those of [`try_push_zone`].
    ///
    /// # Real-time
    ///
    /// Yes, at a depth that the thread's stack has reached before.
    pub fn try_enter<R>(&self, body: impl FnOnce() -> R) -> Result<R, ZoneError> {
        let _entered = Entered::new(self)?;
        Ok(body())
    }
}

/// Pushes a zone on the thread's stack, which makes it the current one.
///
/// The stack keeps the zone alive, and holds it as often as it is pushed. Inside a scope, what is
/// pushed and not popped is removed when the scope ends. While the thread ends and memzone's own
/// thread-local is gone, pushing has no effect.
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
/// Where the system has no memory for a longer stack, and at 67,108,862 entries.
///
/// # Real-time
///
/// Yes, at a depth that the thread's stack has reached before.
///
/// # Time complexity
///
/// Constant, amortised.
#[track_caller]
pub fn push_zone(zone: &Zone) {
    or_panic(try_push_zone(zone));
}

/// Like [`push_zone`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory) for a longer stack, [`TooLarge`](ZoneError::TooLarge) at 67,108,862
/// entries, [`Denied`](ZoneError::Denied) in a real-time section that forbids a longer stack. Nothing is pushed then.
///
/// # Real-time
///
/// Yes, at a depth that the thread's stack has reached before.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_push_zone(zone: &Zone) -> Result<(), ZoneError> {
    let count = STACK.with(|stack| stack.push(zone).map(|()| stack.count_pushed()))?;
    ledger::pushed::<Zone>(count, zone.capacity());
    Ok(())
}

/// Makes a zone of `bytes` and pushes it.
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
/// Where [`Zone::new`] or [`push_zone`] do.
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

/// Takes the topmost zone off the thread's stack, whichever it is, and returns a handle to it.
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
/// [`StackEmpty`](ZoneError::StackEmpty) where only the default zone is left,
/// [`ScopeActive`](ZoneError::ScopeActive) where the top belongs to a scope, and [`InUse`](ZoneError::InUse) where
/// the zone has 1,073,741,824 handles. It stays on the stack then.
///
/// # Real-time
///
/// Yes. Dropping the handle is not, if it is the last.
pub fn pop_zone() -> Result<Zone, ZoneError> {
    STACK.with(Stack::pop)
}

/// A handle to the thread's current zone: the topmost one, or the default zone of 1 MiB (see
/// [`set_default_zone_size`]), which is made on first use.
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
/// Where [`try_peek_zone`] errs.
///
/// # Real-time
///
/// Yes, unless it makes the default zone.
#[track_caller]
pub fn peek_zone() -> Zone {
    or_panic(current())
}

/// Like [`peek_zone`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory) for the default zone, [`Denied`](ZoneError::Denied) where a real-time
/// section forbids making it, and [`InUse`](ZoneError::InUse) where the zone has 1,073,741,824 handles.
///
/// # Real-time
///
/// Yes, unless it makes the default zone.
pub fn try_peek_zone() -> Result<Zone, ZoneError> {
    current()
}

/// Rewinds a zone; the same as [`Zone::reset`].
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
/// [`InUse`](ZoneError::InUse) while other handles, `ZBox`es or a scope hold it.
///
/// # Real-time
///
/// Yes, as far as the cleanup hooks are.
pub fn reset_zone(zone: &mut Zone) -> Result<(), ZoneError> {
    zone.reset()
}

/// Frees a zone now, or says that it is in use. Then this handle is gone, and the zone ends with
/// the last of the others.
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
/// [`InUse`](ZoneError::InUse), with how many handles and stack entries are left.
///
/// # Real-time
///
/// No: it gives memory back.
pub fn destroy_zone(zone: Zone) -> Result<(), ZoneError> {
    zone.check_others(u64::MAX)
}

/// How many zones are on the thread's stack, scopes' ones included, the default zone not.
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
