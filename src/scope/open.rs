//! A scope that is a value, and so is not tied to a block of code.

use super::guard::Scope;
use crate::error::{ZoneError, or_panic};
use crate::region::header::Header;
use crate::stack;
use crate::zone::Zone;
use core::fmt;
use core::mem::{ManuallyDrop, forget};
use core::ops::Deref;
use core::ptr::NonNull;

/// A scope that is a value. [`beginz!`](crate::beginz) ties a scope to a block of code. This one may be returned, kept
/// in a struct, and ended in any order with others.
///
/// It has a zone of the thread's pool of spare zones, and is that [`Zone`] to its users. The zone is the thread's
/// current one from the start of the scope on. At the scope's end all that was put into the zone is gone, and the zone
/// goes back to the pool. If handles or [`ZBox`](crate::ZBox)es of the zone are left, the zone is theirs from then on,
/// and the pool gets none back.
///
/// A scope that ends before those that were opened in it takes them off the stack: their zones are not current any
/// more, and live on until they end themselves.
///
/// ```
/// use memzone::OpenScope;
///
/// /// What belongs to one block of audio.
/// struct Block {
///     scope: OpenScope,
/// }
///
/// let block = Block { scope: OpenScope::new(4096) };
/// let samples = block.scope.alloc_slice(64, 0.5_f32);
/// assert_eq!(samples.iter().sum::<f32>(), 32.0);
/// drop(block); // its memory is used again by the next scope
/// ```
///
/// What was allocated cannot outlive the scope. This does not compile:
///
/// ```compile_fail,E0505
/// let scope = memzone::OpenScope::new(4096);
/// let samples = scope.alloc_slice(64, 0.5_f32);
/// drop(scope);
/// assert_eq!(samples[0], 0.5);
/// ```
///
/// # Real-time
///
/// Yes, once a scope of this size has run at this depth on this thread.
pub struct OpenScope {
    scope: Scope,
    /// A handle that is not counted. It is never dropped, and gone before the scope's own one is.
    zone: ManuallyDrop<Zone>,
}

impl OpenScope {
    /// Opens a scope whose zone has room for at least `bytes` before it grows.
    ///
    /// # Panics
    ///
    /// When [`try_new`](OpenScope::try_new) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, once a scope of this size has run at this depth on this thread.
    #[inline]
    #[track_caller]
    pub fn new(bytes: usize) -> OpenScope {
        or_panic(Self::try_new(bytes))
    }

    /// Like [`new`](OpenScope::new), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge), and
    /// [`Denied`](ZoneError::Denied) in a real-time section that forbids a new zone.
    ///
    /// # Real-time
    ///
    /// Yes, once a scope of this size has run at this depth on this thread.
    #[inline]
    #[track_caller]
    pub fn try_new(bytes: usize) -> Result<OpenScope, ZoneError> {
        let scope = Scope::try_new(bytes)?;
        // SAFETY: (I1) the scope has the handle. This one is never dropped, and only lent out by reference.
        let zone = ManuallyDrop::new(unsafe { Zone::from_raw(scope.raw) });
        Ok(OpenScope { scope, zone })
    }

    /// Opens a scope if the thread has a spare zone with room for `bytes` for it. It asks the system for nothing.
    ///
    /// ```
    /// use memzone::OpenScope;
    ///
    /// std::thread::spawn(|| {
    ///     assert!(OpenScope::try_spare(4096).is_none()); // the thread's first scope
    ///     drop(OpenScope::new(4096));
    ///     assert!(OpenScope::try_spare(4096).is_some());
    /// })
    /// .join()
    /// .unwrap();
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn try_spare(bytes: usize) -> Option<OpenScope> {
        let scope = Scope::try_spare(bytes)?;
        // SAFETY: (I1) as in `try_new`.
        let zone = ManuallyDrop::new(unsafe { Zone::from_raw(scope.raw) });
        Some(OpenScope { scope, zone })
    }

    /// Ends the scope. Dropping it does the same.
    ///
    /// ```
    /// let scope = memzone::OpenScope::new(4096);
    /// let sum: f32 = scope.alloc_slice(64, 0.5_f32).iter().sum();
    /// scope.end(); // the slice is gone
    /// assert_eq!(sum, 32.0);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, unless its zone has grown beyond what the thread keeps, or has hooks that are not.
    #[inline]
    #[doc(alias("end_arena_temp_memory", "rewind"))]
    pub fn end(self) {
        self.scope.end();
    }

    /// Gives the scope out as a bare pointer, for code that cannot hold an `OpenScope`, such as C.
    /// [`end_raw`](OpenScope::end_raw) ends it. The pointer is one to the scope's zone: what
    /// [`Zone::from_raw`] makes of it must not be dropped, as the scope has the handle.
    ///
    /// A scope that nobody ends lasts as long as the one around it, or as its thread, and its zone is lost then.
    ///
    /// ```
    /// use memzone::{OpenScope, ZoneError};
    ///
    /// let outer = OpenScope::new(4096).into_raw();
    /// let inner = OpenScope::new(4096).into_raw();
    /// // SAFETY: nothing that was put into these zones is used any more.
    /// unsafe {
    ///     assert_eq!(OpenScope::end_raw(outer), Err(ZoneError::OutOfOrder { above: 1 }));
    ///     OpenScope::end_raw(inner)?;
    ///     OpenScope::end_raw(outer)?;
    ///     assert_eq!(OpenScope::end_raw(outer), Err(ZoneError::NotOpen));
    /// }
    /// # Ok::<(), ZoneError>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn into_raw(self) -> NonNull<Header> {
        let mut scope = self.scope;
        // Subscribers of `tracing` may panic here. The scope ends then.
        scope.watch.end(&self.zone);
        let raw = scope.raw;
        forget(scope);
        raw
    }

    /// Ends a scope that [`into_raw`](OpenScope::into_raw) gave out, if it is the innermost one of this thread. The
    /// pointer is only compared with those of the thread's open scopes, so it may be any pointer.
    ///
    /// # Errors
    ///
    /// [`OutOfOrder`](ZoneError::OutOfOrder) if other scopes were opened in it, or zones were pushed in it, and are
    /// still there. [`NotOpen`](ZoneError::NotOpen) if it is no open scope of this thread. Nothing has changed then.
    ///
    /// # Safety
    ///
    /// I1: the scope is the caller's to end. Nobody uses what was put into its zone any more, and it comes from
    /// `into_raw`: a scope that has a guard ends by that. (A pointer that was ended already may be that of a newer
    /// scope, which would end instead.)
    ///
    /// # Real-time
    ///
    /// Yes, as for [`end`](OpenScope::end).
    #[inline]
    pub unsafe fn end_raw(raw: NonNull<Header>) -> Result<(), ZoneError> {
        // SAFETY: (I1) the caller's promise.
        unsafe { stack::leave_innermost(raw) }
    }

    /// The pointer of this thread's innermost scope, if its zone is the current one. `None` if no scope is open, or if a
    /// zone was pushed in the innermost one. The scope may be any: one of a macro's too.
    ///
    /// ```
    /// use memzone::{OpenScope, Zone, beginz, pop_zone, push_zone};
    ///
    /// assert_eq!(OpenScope::current_raw(), None);
    /// let scope = OpenScope::new(4096).into_raw();
    /// assert_eq!(OpenScope::current_raw(), Some(scope));
    /// beginz!(assert_ne!(OpenScope::current_raw(), Some(scope)));
    /// push_zone(&Zone::new(64));
    /// assert_eq!(OpenScope::current_raw(), None);
    /// drop(pop_zone()?);
    /// // SAFETY: nothing in its zone is used.
    /// unsafe { OpenScope::end_raw(scope)? };
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn current_raw() -> Option<NonNull<Header>> {
        stack::current_scope()
    }

    /// Whether this is the pointer of an open scope of this thread.
    ///
    /// ```
    /// use memzone::OpenScope;
    ///
    /// let scope = OpenScope::new(4096).into_raw();
    /// assert!(OpenScope::is_open(scope));
    /// assert!(!std::thread::scope(|threads| {
    ///     let address = scope.as_ptr() as usize;
    ///     let other = move || OpenScope::is_open(std::ptr::NonNull::new(address as *mut _).unwrap());
    ///     threads.spawn(other).join().unwrap()
    /// }));
    /// // SAFETY: nothing in its zone is used.
    /// unsafe { OpenScope::end_raw(scope)? };
    /// assert!(!OpenScope::is_open(scope));
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the scopes that are open in it.
    #[inline]
    pub fn is_open(raw: NonNull<Header>) -> bool {
        stack::is_open(raw)
    }
}

impl Deref for OpenScope {
    type Target = Zone;

    #[inline(always)]
    fn deref(&self) -> &Zone {
        &self.zone
    }
}

impl fmt::Debug for OpenScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenScope").field(&*self.zone).finish()
    }
}
