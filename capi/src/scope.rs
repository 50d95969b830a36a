//! Scopes: what is allocated in one is gone at its end.

use crate::error::{Failure, code_of, mz_error, or_else};
use crate::zone::{layout, plain_layout, take};
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr::{NonNull, null_mut};
use memzone::{OpenScope, RawZone, Zone, ZoneError};

/// An active scope of the thread that has entered it. Its zone is one of the thread's pool, and goes back there.
///
/// A scope that was left is refused with `MZ_ERROR_NO_SCOPE`. But a later scope may have the same pointer, which cannot be
/// told from it.
pub struct mz_scope {
    _zone: RawZone,
}

/// The zone of an active scope of this thread.
#[inline]
fn zone_of(scope: *const mz_scope) -> Result<ManuallyDrop<Zone>, Failure> {
    let raw = NonNull::new(scope.cast_mut().cast::<RawZone>()).ok_or(Failure::Null("scope"))?;
    if !OpenScope::is_open(raw) {
        return Err(ZoneError::NotOpen.into());
    }
    // SAFETY: (I1, I3) the scope is active on this thread, and its handle stays with it.
    Ok(ManuallyDrop::new(unsafe { Zone::from_raw(raw) }))
}

/// Enters a scope, whose zone has room for `bytes` before it grows. The zone is the current one until the scope is left, so
/// `mz_alloc` allocates in it. NULL on an error.
///
/// Each scope has to be left on the thread that has entered it, the innermost first. One that is never left lasts as long
/// as its thread, and its memory is lost then.
///
/// Real-time: yes, once a scope of this size was entered at this depth on this thread; `mz_rt_prepare` does that.
#[unsafe(no_mangle)]
pub extern "C" fn mz_scope_enter(bytes: usize) -> *mut mz_scope {
    /// When the thread has no spare zone with room.
    #[cold]
    extern "C" fn enter_cold(bytes: usize) -> *mut mz_scope {
        or_else(null_mut(), || {
            let raw = OpenScope::try_new(bytes)?.into_raw();
            if !OpenScope::is_open(raw) {
                // The thread is ending. The scope is on no stack, so it could not be left.
                // SAFETY: (I1) the scope had the zone's handle, and is nowhere else.
                drop(unsafe { Zone::from_raw(raw) });
                return Err(Failure::ThreadEnding);
            }
            Ok(raw.as_ptr().cast())
        })
    }
    match OpenScope::try_spare(bytes) {
        Some(scope) => scope.into_raw().as_ptr().cast(),
        None => enter_cold(bytes),
    }
}

/// Leaves a scope: cleanup hooks of its zone run, and all that was allocated in it is gone.
///
/// `MZ_ERROR_OUT_OF_ORDER` if other scopes were entered in it, or zones pushed in it, and are still there.
/// `MZ_ERROR_NO_SCOPE` if it is no active scope of this thread. Nothing has changed then.
///
/// Real-time: yes, unless its zone has grown beyond what the thread keeps, or has hooks that are not.
///
/// # Safety
///
/// Nobody uses what was allocated in the scope.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_scope_leave(scope: *mut mz_scope) -> mz_error {
    code_of(|| {
        let raw = NonNull::new(scope.cast::<RawZone>()).ok_or(Failure::Null("scope"))?;
        // SAFETY: (I1) the caller's promise. Scopes that `mz_scope_enter` gives come from `into_raw`.
        Ok(unsafe { OpenScope::end_raw(raw) }?)
    })
}

/// Takes memory in a scope of this thread, which need not be the innermost one: so a result is put where it outlives the
/// scopes in which it was worked out. As `mz_zone_alloc` otherwise. NULL on an error.
///
/// Real-time: yes, within what the scope was entered with.
#[unsafe(no_mangle)]
pub extern "C" fn mz_scope_alloc(
    scope: *mut mz_scope,
    size: usize,
    alignment: usize,
) -> *mut c_void {
    /// Where the scope is not the innermost one, and for all that is not plain.
    #[cold]
    extern "C" fn alloc_cold(scope: *mut mz_scope, size: usize, alignment: usize) -> *mut c_void {
        or_else(null_mut(), || {
            let layout = layout(size, alignment)?;
            take(&*zone_of(scope)?, layout)
        })
    }
    match (OpenScope::current_raw(), plain_layout(size, alignment)) {
        (Some(raw), Some(layout)) if raw.as_ptr().cast() == scope => {
            // SAFETY: (I1, I3) the scope is active on this thread, and its handle stays with it.
            let zone = ManuallyDrop::new(unsafe { Zone::from_raw(raw) });
            or_else(null_mut(), || take(&zone, layout))
        }
        _ => alloc_cold(scope, size, alignment),
    }
}

/// The bytes in use in a scope's zone. 0 on an error.
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_scope_used(scope: *const mz_scope) -> usize {
    or_else(0, || Ok(zone_of(scope)?.used()))
}
