//! Zones: making, using, handing over and freeing them.

use crate::error::{Failure, code_of, mz_error, or_else};
use crate::owner::{FreeRecords, Owner, Record};
use core::alloc::Layout;
use core::cell::Cell;
use core::ffi::{CStr, c_char, c_void};
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::{NonNull, null, null_mut};
use core::slice;
use memzone::{RawZone, Zone, ZoneError, try_peek_zone};
use std::sync::{Mutex, PoisonError};

/// A flag of `mz_zone_options`: the zone never grows beyond its capacity.
pub const MZ_FIXED: u32 = 1;
/// A flag of `mz_zone_options` and `mz_plan`: every page is touched in advance, so that none causes a page fault later.
pub const MZ_PREFAULT: u32 = 2;
/// A flag of `mz_zone_options` and `mz_plan`: the system is asked to keep the memory resident. It may refuse that.
pub const MZ_LOCK: u32 = 4;

/// What a zone is to be like. All fields may be 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct mz_zone_options {
    /// The bytes that it has room for from the start.
    pub capacity: usize,
    /// The most bytes that it ever takes from the system, headers included. 0 stands for no limit.
    pub limit: usize,
    /// `MZ_FIXED`, `MZ_PREFAULT` and `MZ_LOCK`, or-ed together.
    pub flags: u32,
    /// A name for messages and statistics, or NULL. It is copied, and each different name is kept for ever.
    pub name: *const c_char,
}

/// What runs when a zone is reset or freed. It gets the pointer that was registered with it.
pub type mz_hook = Option<unsafe extern "C" fn(data: *mut c_void)>;

/// A zone: a region of memory that is freed as a whole. It belongs to the thread that made it, or to the one that
/// received it. Used on another thread, it gives `MZ_ERROR_WRONG_THREAD`.
///
/// A handle that was freed is refused with `MZ_ERROR_FREED`. This cannot be relied on for ever: the handle of a new zone
/// may be the same pointer again, after 64 others were freed.
pub struct mz_zone {
    owner: Owner,
    zone: Cell<NonNull<RawZone>>,
    /// The next record, in the list of free ones or in a thread's list of zones that were pushed.
    next: Cell<*const mz_zone>,
    /// Whether it is in its thread's list of zones that were pushed.
    listed: Cell<bool>,
}

// SAFETY: (I60) all but the owner's word is touched only by the thread that the word names, or under the lock of the list
// of free records.
unsafe impl Sync for mz_zone {}

/// It stands for the current zone of the thread that uses it.
pub(crate) static CURRENT_ZONE: mz_zone = mz_zone {
    owner: Owner::current_zone(),
    zone: Cell::new(NonNull::dangling()),
    next: Cell::new(null()),
    listed: Cell::new(false),
};

impl Record for mz_zone {
    fn owner(&self) -> &Owner {
        &self.owner
    }

    fn next(&self) -> &Cell<*const mz_zone> {
        &self.next
    }
}

static FREE: FreeRecords<mz_zone> = FreeRecords::none();

thread_local! {
    /// The thread's zones that were pushed at some time.
    static PUSHED: Cell<*const mz_zone> = const { Cell::new(null()) };
}

/// A record. They live for ever.
pub(crate) fn record<'a>(zone: *const mz_zone) -> Option<&'a mz_zone> {
    // SAFETY: (I60) the callers' contract: a handle that this library gave out, so a record, or NULL.
    unsafe { zone.as_ref() }
}

/// The record of a zone that the calling thread may use.
#[inline(always)]
pub(crate) fn mine<'a>(zone: *const mz_zone) -> Result<&'a mz_zone, Failure> {
    match record(zone) {
        Some(record) if record.owner.is_mine() => Ok(record),
        other => Err(refusal(other)),
    }
}

#[cold]
fn refusal(record: Option<&mz_zone>) -> Failure {
    record.map_or(Failure::Null("zone"), |record| record.owner.refusal())
}

impl mz_zone {
    /// The zone, whose handle stays with the record. The calling thread must be the record's.
    #[inline(always)]
    pub(crate) fn lend(&self) -> ManuallyDrop<Zone> {
        // SAFETY: (I1, I3, I60) the record is the calling thread's, and holds a handle, which is not dropped here.
        ManuallyDrop::new(unsafe { Zone::from_raw(self.zone.get()) })
    }

    /// Puts a zone into a record of the calling thread's. Where there is no memory for a record, the zone comes back.
    pub(crate) fn make(zone: Zone) -> Result<*mut mz_zone, (Zone, Failure)> {
        let Some(record) = FREE.take().or_else(Self::new_record) else {
            let requested = size_of::<mz_zone>();
            return Err((zone, ZoneError::OutOfMemory { requested }.into()));
        };
        record.zone.set(zone.into_raw());
        record.owner.give_to_this_thread();
        Ok((&raw const *record).cast_mut())
    }

    fn new_record<'a>() -> Option<&'a mz_zone> {
        let layout = Layout::new::<mz_zone>();
        // SAFETY: (I16) the size is not zero.
        let place = NonNull::new(unsafe { std::alloc::alloc(layout) })?.cast::<mz_zone>();
        let record = mz_zone {
            owner: Owner::nobody(),
            zone: Cell::new(NonNull::dangling()),
            next: Cell::new(null()),
            listed: Cell::new(false),
        };
        // SAFETY: (I60) the memory was just taken for it.
        unsafe { place.write(record) };
        // SAFETY: (I60) it was just written, and is never freed.
        Some(unsafe { place.as_ref() })
    }

    /// Notes that the zone was pushed on this thread's stack.
    pub(crate) fn list(&self) {
        if !self.listed.replace(true) {
            self.next.set(PUSHED.replace(self));
        }
    }

    fn unlist(&self) {
        if !self.listed.replace(false) {
            return;
        }
        let next = self.next.replace(null());
        let mut before = record(PUSHED.get());
        if PUSHED.get() == &raw const *self {
            return PUSHED.set(next);
        }
        while let Some(other) = before {
            if other.next.get() == &raw const *self {
                return other.next.set(next);
            }
            before = record(other.next.get());
        }
    }

    /// The record of a zone that was pushed on this thread's stack, if it has one.
    pub(crate) fn of_pushed<'a>(zone: NonNull<RawZone>) -> Option<&'a mz_zone> {
        let mut next = record(PUSHED.get());
        while let Some(pushed) = next {
            if pushed.zone.get() == zone {
                return Some(pushed);
            }
            next = record(pushed.next.get());
        }
        None
    }

    /// Takes the handle out if nothing else holds the zone. The record is the caller's alone then.
    fn take_sole(&self) -> Result<Zone, Failure> {
        // SAFETY: (I1, I3, I60) the record is the calling thread's. Its handle is here until it is put back, or until the
        // record is free.
        let zone = unsafe { Zone::from_raw(self.zone.get()) };
        match zone.into_sendable() {
            Ok(zone) => Ok(zone.into_zone()),
            Err(zone) => {
                let handles = (zone.handles() - 1).max(1);
                self.zone.set(zone.into_raw());
                Err(ZoneError::InUse { handles }.into())
            }
        }
    }
}

/// Does something with a zone: one of the calling thread's, or the current one.
#[inline(always)]
fn with<T>(
    zone: *const mz_zone,
    use_it: impl Fn(&Zone) -> Result<T, Failure>,
) -> Result<T, Failure> {
    #[cold]
    fn with_current<T>(
        zone: *const mz_zone,
        use_it: impl Fn(&Zone) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match record(zone) {
            Some(record) if record.owner.is_current_zone() => with_current_zone(use_it),
            other => Err(refusal(other)),
        }
    }
    match record(zone) {
        Some(record) if record.owner.is_mine() => use_it(&record.lend()),
        _ => with_current(zone, use_it),
    }
}

/// Does something with the thread's current zone.
#[inline]
pub(crate) fn with_current_zone<T>(
    use_it: impl Fn(&Zone) -> Result<T, Failure>,
) -> Result<T, Failure> {
    // A thread that ends has no stack. Its current zone is then one that nothing holds but this handle.
    match try_peek_zone()?.into_sendable() {
        Ok(_) => Err(Failure::ThreadEnding),
        Err(held) => use_it(&held),
    }
}

/// The layout of a request, if it is a valid one.
#[inline(always)]
pub(crate) fn layout(size: usize, align: usize) -> Result<Layout, Failure> {
    #[cold]
    fn refused(size: usize, align: usize) -> Failure {
        match (size, align.is_power_of_two() && align <= 4096) {
            (0, _) => Failure::ZeroSize,
            (_, false) => Failure::Alignment(align),
            (requested, true) => {
                ZoneError::TooLarge { requested, available: isize::MAX as usize }.into()
            }
        }
    }
    let is_valid = size.wrapping_sub(1) < MOST && align.is_power_of_two() && align <= 4096;
    if !is_valid {
        return Err(refused(size, align));
    }
    // SAFETY: (I6) the alignment is a power of two, and the size is far enough from the largest that there may be.
    Ok(unsafe { Layout::from_size_align_unchecked(size, align) })
}

/// The largest size that can be asked for.
const MOST: usize = isize::MAX as usize - 8192;

/// The layout of a request as most are: of up to 1 GiB, with an alignment of up to 8, for which 8 is taken, as it costs
/// nothing. It takes few instructions to see that.
#[inline(always)]
pub(crate) fn plain_layout(size: usize, align: usize) -> Option<Layout> {
    /// A bit for each alignment up to 8.
    const SMALL: u32 = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8;
    let is_plain = size.wrapping_sub(1) < 1 << 30 && align <= 8 && SMALL >> align & 1 != 0;
    // SAFETY: (I6) 8 is a power of two, and the size is far from the largest that there may be.
    is_plain.then(|| unsafe { Layout::from_size_align_unchecked(size, 8) })
}

/// Takes memory in a zone.
#[inline(always)]
pub(crate) fn take(zone: &Zone, layout: Layout) -> Result<*mut c_void, Failure> {
    Ok(zone.try_alloc_layout(layout)?.as_ptr().cast())
}

/// A text of C's that lives for ever: a copy, one for each different text.
///
/// # Safety
///
/// I60: the text is NULL, or ends with a zero.
unsafe fn kept_name(text: *const c_char) -> Result<Option<&'static str>, Failure> {
    /// In their order.
    static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: (I60) the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_bytes();
    // What is no UTF-8 is replaced, as `to_string_lossy` does it, which cannot say that there is no memory.
    let parts = || {
        let replaced = |invalid: &[u8]| if invalid.is_empty() { "" } else { "\u{FFFD}" };
        text.utf8_chunks().flat_map(move |chunk| [chunk.valid(), replaced(chunk.invalid())])
    };
    let requested = parts().map(str::len).sum();
    let refused = |_| ZoneError::OutOfMemory { requested };
    let mut name = String::new();
    name.try_reserve_exact(requested).map_err(refused)?;
    name.extend(parts());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    match names.binary_search(&&*name) {
        Ok(at) => Ok(Some(names[at])),
        Err(at) => {
            names.try_reserve(1).map_err(refused)?;
            let kept: &'static str = name.leak();
            names.insert(at, kept);
            Ok(Some(kept))
        }
    }
}

fn new_handle(zone: Zone) -> Result<*mut mz_zone, Failure> {
    mz_zone::make(zone).map_err(|(_, failure)| failure)
}

/// Makes a zone with room for `capacity` bytes, which may be 0. It grows when they are used up. NULL on an error.
///
/// Real-time: no, it asks the system for memory.
#[unsafe(no_mangle)]
pub extern "C" fn mz_zone_new(capacity: usize) -> *mut mz_zone {
    or_else(null_mut(), || new_handle(Zone::builder().capacity(capacity).try_build()?))
}

/// Makes a zone as the options say. NULL on an error.
///
/// Real-time: no, it asks the system for memory.
///
/// # Safety
///
/// `options` is NULL, or points to options whose `name` is NULL or ends with a zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_build(options: *const mz_zone_options) -> *mut mz_zone {
    or_else(null_mut(), || {
        // SAFETY: (I60) the caller's promise.
        let options = unsafe { options.as_ref() }.ok_or(Failure::Null("options"))?;
        if options.flags & !(MZ_FIXED | MZ_PREFAULT | MZ_LOCK) != 0 {
            return Err(Failure::Invalid("`flags` has a bit that is no flag of a zone"));
        }
        let mut builder = Zone::builder().capacity(options.capacity);
        if options.limit != 0 {
            builder = builder.limit(options.limit);
        }
        if options.flags & MZ_FIXED != 0 {
            builder = builder.fixed();
        }
        if options.flags & MZ_PREFAULT != 0 {
            builder = builder.prefault();
        }
        if options.flags & MZ_LOCK != 0 {
            builder = builder.lock();
        }
        // SAFETY: (I60) the caller's promise.
        if let Some(name) = unsafe { kept_name(options.name) }? {
            builder = builder.name(name);
        }
        new_handle(builder.try_build()?)
    })
}

/// Makes a zone in the memory of a buffer. It never asks the system for more, and never grows. Up to 255 bytes of the
/// buffer are the zone's own. NULL on an error.
///
/// The buffer must live, and must not be used otherwise, until the zone is freed.
///
/// Real-time: no, the handle may need memory of the system's.
///
/// # Safety
///
/// `buffer` is NULL, or points to `bytes` bytes that are the zone's until it is freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_from_buffer(buffer: *mut c_void, bytes: usize) -> *mut mz_zone {
    or_else(null_mut(), || {
        if buffer.is_null() {
            return Err(Failure::Null("buffer"));
        }
        if isize::try_from(bytes).is_err() {
            let available = isize::MAX as usize;
            return Err(ZoneError::TooLarge { requested: bytes, available }.into());
        }
        // SAFETY: (I60) the caller's promise: these bytes are the zone's as long as it lives.
        let buffer = unsafe { slice::from_raw_parts_mut(buffer.cast::<MaybeUninit<u8>>(), bytes) };
        new_handle(Zone::try_from_buffer(buffer)?)
    })
}

/// Runs the zone's cleanup hooks and frees it. All its memory is gone then. NULL is not an error.
///
/// `MZ_ERROR_IN_USE` while the zone is on the stack. It is not freed then.
///
/// Real-time: no, it gives memory back. In a section that denies, it is put aside for `mz_rt_collect`.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's, and nobody uses what was allocated in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_free(zone: *mut mz_zone) -> mz_error {
    struct Free<'a>(&'a mz_zone);
    impl Drop for Free<'_> {
        fn drop(&mut self) {
            FREE.put(self.0);
        }
    }
    if zone.is_null() {
        return mz_error::MZ_OK;
    }
    code_of(|| {
        let record = mine(zone)?;
        let zone = record.take_sole()?;
        record.owner.begin();
        record.unlist();
        // Even if a hook of Rust's panics.
        let _free = Free(record);
        drop(zone);
        Ok(())
    })
}

/// Runs the zone's cleanup hooks and rewinds it, so that all its memory can be used again. It asks the system for
/// nothing, and keeps the blocks that it has grown by. It may be on the stack.
///
/// Real-time: yes, if the hooks are.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's, and nobody uses what was allocated in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_reset(zone: *mut mz_zone) -> mz_error {
    struct End<'a>(&'a mz_zone);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.owner.end();
        }
    }
    code_of(|| {
        let record = mine(zone)?;
        record.owner.begin();
        let _end = End(record);
        Ok(record.lend().reset()?)
    })
}

/// Takes `size` bytes, which are not initialised. `alignment` is a power of two up to 4096. NULL on an error.
///
/// The memory is valid until the zone is reset or freed.
///
/// Real-time: yes, within `mz_zone_remaining`.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_alloc(
    zone: *mut mz_zone,
    size: usize,
    alignment: usize,
) -> *mut c_void {
    /// What is not plain: large sizes and alignments, the current zone, all errors.
    #[cold]
    extern "C" fn alloc_cold(zone: *mut mz_zone, size: usize, alignment: usize) -> *mut c_void {
        or_else(null_mut(), || {
            let layout = layout(size, alignment)?;
            with(zone, |zone| take(zone, layout))
        })
    }
    let Some(record) = record(zone) else { return alloc_cold(zone, size, alignment) };
    match plain_layout(size, alignment) {
        Some(layout) if record.owner.is_mine() => {
            or_else(null_mut(), || take(&record.lend(), layout))
        }
        _ => alloc_cold(zone, size, alignment),
    }
}

/// Takes room for `count` items of `size` bytes each. Unlike a product of the two, it is refused where that would
/// overflow. NULL on an error.
///
/// Real-time: yes, within `mz_zone_remaining`.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_alloc_array(
    zone: *mut mz_zone,
    count: usize,
    size: usize,
    alignment: usize,
) -> *mut c_void {
    or_else(null_mut(), || {
        let layout = layout(count.saturating_mul(size), alignment)?;
        with(zone, |zone| take(zone, layout))
    })
}

/// The bytes in use. Each allocation counts with its padding. 0 on an error.
///
/// Real-time: yes.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_used(zone: *const mz_zone) -> usize {
    or_else(0, || with(zone, |zone| Ok(zone.used())))
}

/// The bytes that all blocks of the zone together can hold. 0 on an error.
///
/// Real-time: yes.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_capacity(zone: *const mz_zone) -> usize {
    or_else(0, || with(zone, |zone| Ok(zone.capacity())))
}

/// The bytes that can still be taken without asking the system. A single allocation must fit into one block. 0 on an
/// error.
///
/// Real-time: yes.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_remaining(zone: *const mz_zone) -> usize {
    or_else(0, || with(zone, |zone| Ok(zone.remaining())))
}

/// The most bytes that were in use at one time. 0 on an error.
///
/// Real-time: yes.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_high_water(zone: *const mz_zone) -> usize {
    or_else(0, || with(zone, |zone| Ok(zone.high_water())))
}

/// Whether the pointer, which may be any, points into the used part of the zone. False on an error.
///
/// Real-time: yes.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_contains(zone: *const mz_zone, pointer: *const c_void) -> bool {
    or_else(false, || with(zone, |zone| Ok(zone.contains(pointer))))
}

/// Registers a hook that runs once with `data`, when the zone is reset or freed. Hooks run newest first, on the thread
/// that resets or frees the zone. A hook must not use its own zone, and must not leave by `longjmp` or an exception.
///
/// The hook takes some bytes of the zone.
///
/// Real-time: yes, within `mz_zone_remaining`.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's. `hook` may be called with `data` on the thread that ends the zone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_on_cleanup(
    zone: *mut mz_zone,
    hook: mz_hook,
    data: *mut c_void,
) -> mz_error {
    struct Registered(unsafe extern "C" fn(*mut c_void), *mut c_void);
    // SAFETY: (I60) the caller of `mz_zone_on_cleanup` promises that it may run on the thread that ends the zone.
    unsafe impl Send for Registered {}
    impl Registered {
        fn run(self) {
            // SAFETY: (I60) the caller of `mz_zone_on_cleanup` promises that it may be called with this.
            unsafe { (self.0)(self.1) };
        }
    }
    code_of(|| {
        let hook = hook.ok_or(Failure::Null("hook"))?;
        with(zone, |zone| {
            let registered = Registered(hook, data);
            Ok(zone.try_on_cleanup(move || registered.run())?)
        })
    })
}

/// Hands the zone over: from here on it belongs to the first thread that calls `mz_zone_receive` with it.
///
/// `MZ_ERROR_IN_USE` while it is on the stack. It stays this thread's then.
///
/// Real-time: yes.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's. This thread uses nothing of what was allocated in it any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_send(zone: *mut mz_zone) -> mz_error {
    code_of(|| {
        let record = mine(zone)?;
        let zone = record.take_sole()?;
        record.zone.set(zone.into_raw());
        record.unlist();
        record.owner.send();
        Ok(())
    })
}

/// Takes a zone over that another thread has handed over with `mz_zone_send`. It is this thread's from here on.
///
/// Real-time: yes.
///
/// # Safety
///
/// `zone` is NULL or a handle of this library's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mz_zone_receive(zone: *mut mz_zone) -> mz_error {
    code_of(|| record(zone).ok_or(Failure::Null("zone"))?.owner.receive())
}

#[cfg(test)]
mod tests {
    use super::kept_name;

    #[test]
    fn a_name_is_kept_once_and_need_not_be_utf8() {
        // SAFETY: (I60) it ends with a zero.
        let kept = |text: &core::ffi::CStr| unsafe { kept_name(text.as_ptr()) }.ok().flatten();
        let name = kept(c"voices").unwrap();
        assert!(core::ptr::eq(name, kept(c"voices").unwrap()) && name == "voices");
        for text in [c"\xFFa\xC3\x28\xE2\x82", c"", c"\xF0\x9F\x8E\xB5"] {
            assert_eq!(kept(text).unwrap(), text.to_string_lossy());
        }
        // SAFETY: (I60) it is NULL.
        assert!(matches!(unsafe { kept_name(core::ptr::null()) }, Ok(None)));
    }
}
