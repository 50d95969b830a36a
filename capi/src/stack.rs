//! The thread's stack of zones.

use crate::error::{code_of, mz_error, or_else};
use crate::zone::{CURRENT_ZONE, layout, mine, mz_zone, plain_layout, take, with_current_zone};
use core::ffi::c_void;
use core::mem::ManuallyDrop;
use core::ptr::{NonNull, null_mut};
use memzone::{OpenScope, RawZone, Zone, pop_zone, try_peek_zone, try_push_zone, zone_depth};

/// A zone, and the pointer by which records are found.
fn pointer_of(zone: Zone) -> (NonNull<RawZone>, Zone) {
    let raw = zone.into_raw();
    // SAFETY: (I1) the handle that was just given out.
    (raw, unsafe { Zone::from_raw(raw) })
}

/// Pushes a zone on the thread's stack. It is the current zone then, in which `mz_alloc` allocates. It cannot be freed or
/// handed over until it is popped. It may be pushed several times. What is pushed in a scope has to be popped in it.
///
/// Real-time: yes, if the thread's stack was that deep before.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_push(zone: *mut mz_zone) -> mz_error {
    code_of(|| {
        let record = mine(zone)?;
        try_push_zone(&record.lend())?;
        record.list();
        Ok(())
    })
}

/// Pops the zone that was pushed last, and gives its handle through `zone`, which may be NULL. If Rust code has pushed it,
/// the handle is a new one, and is to be freed.
///
/// `MZ_ERROR_STACK_EMPTY` if nothing is pushed, `MZ_ERROR_SCOPE_ACTIVE` if a scope's zone is on top.
///
/// Real-time: yes, in time linear in the number of the thread's zones that were ever pushed.
///
/// # Safety
///
/// `zone` is NULL or may be written to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_pop(zone: *mut *mut mz_zone) -> mz_error {
    code_of(|| {
        let (raw, popped) = pointer_of(pop_zone()?);
        let handle = match mz_zone::of_pushed(raw) {
            // The record has a handle of its own.
            Some(record) => (&raw const *record).cast_mut(),
            None if zone.is_null() => null_mut(),
            None => mz_zone::make(popped).map_err(|(popped, failure)| {
                // It was there just now, so there is room for it.
                let _ = try_push_zone(&popped);
                failure
            })?,
        };
        // SAFETY: (I60) the caller's promise.
        if let Some(place) = unsafe { zone.as_mut() } {
            *place = handle;
        }
        Ok(())
    })
}

/// The current zone's handle: that of the zone on top of the stack. For a scope's zone, the default zone, and a zone of
/// Rust code, it is `mz_current_zone()`. NULL on an error.
///
/// Real-time: yes, unless it makes the default zone, in time linear in the number of the thread's zones that were ever pushed.
#[unsafe(no_mangle)]
pub extern "C" fn mz_peek() -> *mut mz_zone {
    or_else(null_mut(), || {
        let (raw, _zone) = pointer_of(try_peek_zone()?);
        let pushed = mz_zone::of_pushed(raw).map(|record| (&raw const *record).cast_mut());
        Ok(pushed.unwrap_or_else(|| mz_current_zone()))
    })
}

/// A handle that stands for whichever zone is current where it is used, on every thread: the one on top of the thread's
/// stack, or else the thread's default zone. It can be asked and allocated in. It can neither be freed, reset, pushed nor
/// handed over.
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_current_zone() -> *mut mz_zone {
    (&raw const CURRENT_ZONE).cast_mut()
}

/// Takes memory in the current zone: `mz_zone_alloc` with the zone on top of the stack, or else with the thread's default
/// zone, which lasts as long as the thread. NULL on an error.
///
/// Real-time: yes, within `mz_zone_remaining`.
#[unsafe(no_mangle)]
pub extern "C" fn mz_alloc(size: usize, alignment: usize) -> *mut c_void {
    /// Where no scope's zone is the current one, and for all that is not plain.
    #[cold]
    extern "C" fn alloc_cold(size: usize, alignment: usize) -> *mut c_void {
        or_else(null_mut(), || {
            let layout = layout(size, alignment)?;
            with_current_zone(|zone| take(zone, layout))
        })
    }
    match (OpenScope::current_raw(), plain_layout(size, alignment)) {
        (Some(raw), Some(layout)) => {
            // SAFETY: (I1, I3) a scope of this thread has the handle, and does not end meanwhile.
            let zone = ManuallyDrop::new(unsafe { Zone::from_raw(raw) });
            or_else(null_mut(), || take(&zone, layout))
        }
        _ => alloc_cold(size, alignment),
    }
}

/// The number of zones on the thread's stack, those of scopes included, without the default zone.
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_depth() -> usize {
    or_else(0, || Ok(zone_depth()))
}
