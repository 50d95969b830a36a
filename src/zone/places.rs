//! Places in a zone: how a method takes one, and what it does if the zone cannot give one.
//!
//! Each method and its `try_` twin share one body, which is generic over [`OnError`]. The body moves the cursor before
//! it runs any of the user's code (I5).

use super::{Zone, nothing};
use crate::error::{MAX_ALIGN, ZoneError, or_panic, panic_with};
use crate::region::bump::{HEADROOM, STEP, round_up_step};
use crate::region::header::{Header, state};
use crate::region::stale;
use core::convert::Infallible;
use core::hint::assert_unchecked;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// What a method does when it cannot go on.
pub(crate) trait OnError {
    type Error;
    fn fail<T>(error: ZoneError) -> Result<T, Self::Error>;
    #[track_caller]
    fn grow(zone: &Zone, size: usize, align: usize) -> Result<NonNull<u8>, Self::Error>;
    #[inline(always)]
    #[track_caller]
    fn fill<T: Copy>(
        zone: &Zone,
        len: usize,
        align: usize,
        value: T,
    ) -> Result<NonNull<T>, Self::Error> {
        let size = bytes_of::<T>(len);
        let start = Self::grow(zone, size, align)?.cast();
        // SAFETY: (I2) the `len` places were just taken.
        unsafe { fill(start, len, value) };
        Ok(start)
    }
    #[inline(always)]
    #[track_caller]
    fn put<T>(zone: &Zone, value: T) -> Result<NonNull<T>, Self::Error> {
        let place = Self::grow(zone, size_of::<T>(), align_of::<T>())?.cast();
        // SAFETY: (I2) the place was just taken for this value.
        unsafe { place.write(value) };
        Ok(place)
    }
}

/// The plain methods panic.
pub(crate) enum Panic {}

impl OnError for Panic {
    type Error = Infallible;
    #[inline(always)]
    #[track_caller]
    fn fail<T>(error: ZoneError) -> Result<T, Infallible> {
        panic_with(error)
    }
    #[inline(always)]
    #[track_caller]
    fn grow(zone: &Zone, size: usize, align: usize) -> Result<NonNull<u8>, Infallible> {
        let PlaceAndZone(place, lent) = grow_or_panic(zone.lend(), size, align);
        zone.take_back(lent);
        Ok(place)
    }
    #[inline(always)]
    #[track_caller]
    fn fill<T: Copy>(
        zone: &Zone,
        len: usize,
        align: usize,
        value: T,
    ) -> Result<NonNull<T>, Infallible> {
        let PlaceAndZone(start, lent) = fill_or_panic(zone.lend(), len, align, value);
        zone.take_back(lent);
        Ok(start)
    }
    #[inline(always)]
    #[track_caller]
    fn put<T>(zone: &Zone, value: T) -> Result<NonNull<T>, Infallible> {
        let PlaceAndZone(place, lent) = put_or_panic(zone.lend(), value);
        zone.take_back(lent);
        Ok(place)
    }
}

/// The `try_` twins return the error.
pub(crate) enum Return {}

impl OnError for Return {
    type Error = ZoneError;
    #[inline(always)]
    fn fail<T>(error: ZoneError) -> Result<T, ZoneError> {
        Err(error)
    }
    #[inline(always)]
    #[track_caller]
    fn grow(zone: &Zone, size: usize, align: usize) -> Result<NonNull<u8>, ZoneError> {
        let (place, lent) = grow(zone.lend(), size, align);
        zone.take_back(lent);
        place
    }
}

/// An allocation and the zone that it lies in. The zone is another one than before if it was yet to be made. The zone
/// is passed by value, and both are returned in registers. So neither the zone nor a scope's guard has to be kept in
/// memory for the sake of the cold path.
struct PlaceAndZone<T>(NonNull<T>, ManuallyDrop<Zone>);

#[cold]
#[inline(never)]
#[track_caller]
fn grow_or_panic(zone: ManuallyDrop<Zone>, size: usize, align: usize) -> PlaceAndZone<u8> {
    let place = or_panic(zone.grow(size, align));
    PlaceAndZone(place, zone)
}

/// Also writes the value to its place. Otherwise the caller would have to save the value in a register across this
/// call, and would do so on its hot path too.
#[cold]
#[inline(never)]
#[track_caller]
fn put_or_panic<T>(zone: ManuallyDrop<Zone>, value: T) -> PlaceAndZone<T> {
    let place = or_panic(zone.grow(size_of::<T>(), align_of::<T>())).cast();
    // SAFETY: (I2) the place was just taken for this value.
    unsafe { place.write(value) };
    PlaceAndZone(place, zone)
}

/// Like `put_or_panic`, for a slice of equal values.
#[cold]
#[inline(never)]
#[track_caller]
fn fill_or_panic<T: Copy>(
    zone: ManuallyDrop<Zone>,
    len: usize,
    align: usize,
    value: T,
) -> PlaceAndZone<T> {
    let start = or_panic(zone.grow(bytes_of::<T>(len), align)).cast();
    // SAFETY: (I2) the `len` places were just taken.
    unsafe { fill(start, len, value) };
    PlaceAndZone(start, zone)
}

/// A place for a value that has an owner, with the handle that the owner keeps. So making an owner counts one handle and
/// drops none.
pub(crate) struct Seat {
    pub(crate) place: NonNull<u8>,
    pub(crate) zone: Zone,
}

/// What a method does when it cannot take a seat in the quick way.
pub(crate) trait Seats: OnError {
    /// A seat in the zone.
    #[track_caller]
    fn seat(zone: &Zone, size: usize, align: usize) -> Result<Seat, Self::Error>;
    /// A seat in the zone that `find` gives a handle to.
    #[track_caller]
    fn seat_of(
        find: fn() -> Result<Zone, ZoneError>,
        size: usize,
        align: usize,
    ) -> Result<Seat, Self::Error>;
}

impl Seats for Panic {
    #[inline(always)]
    #[track_caller]
    fn seat(zone: &Zone, size: usize, align: usize) -> Result<Seat, Infallible> {
        let seat = seat_or_panic(zone.lend(), size, align);
        zone.take_back(seat.zone.lend());
        Ok(seat)
    }
    #[inline(always)]
    #[track_caller]
    fn seat_of(
        find: fn() -> Result<Zone, ZoneError>,
        size: usize,
        align: usize,
    ) -> Result<Seat, Infallible> {
        Ok(seat_of_or_panic(find, size, align))
    }
}

impl Seats for Return {
    #[inline(always)]
    #[track_caller]
    fn seat(zone: &Zone, size: usize, align: usize) -> Result<Seat, ZoneError> {
        let (seat, lent) = seat(zone.lend(), size, align);
        zone.take_back(lent);
        seat
    }
    #[inline(always)]
    #[track_caller]
    fn seat_of(
        find: fn() -> Result<Zone, ZoneError>,
        size: usize,
        align: usize,
    ) -> Result<Seat, ZoneError> {
        seat_of(find, size, align)
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn seat(
    zone: ManuallyDrop<Zone>,
    size: usize,
    align: usize,
) -> (Result<Seat, ZoneError>, ManuallyDrop<Zone>) {
    let seat = zone.grow(size, align).and_then(|place| match zone.try_clone() {
        Ok(zone) => Ok(Seat { place, zone }),
        Err(error) => {
            // SAFETY: (I1) just taken, and nobody has seen it.
            unsafe { zone.header().give_back(place, size) };
            Err(error)
        }
    });
    (seat, zone)
}

#[cold]
#[inline(never)]
#[track_caller]
fn seat_or_panic(zone: ManuallyDrop<Zone>, size: usize, align: usize) -> Seat {
    or_panic(seat(zone, size, align).0)
}

#[cold]
#[inline(never)]
#[track_caller]
fn seat_of(
    find: fn() -> Result<Zone, ZoneError>,
    size: usize,
    align: usize,
) -> Result<Seat, ZoneError> {
    seat_with(find()?, size, align)
}

#[cold]
#[inline(never)]
#[track_caller]
fn seat_with(zone: Zone, size: usize, align: usize) -> Result<Seat, ZoneError> {
    zone.ensure_made()?;
    let place = zone.grow(size, align)?;
    Ok(Seat { place, zone })
}

#[cold]
#[inline(never)]
#[track_caller]
fn seat_of_or_panic(find: fn() -> Result<Zone, ZoneError>, size: usize, align: usize) -> Seat {
    or_panic(seat_of(find, size, align))
}

/// The bytes of `len` values, or `usize::MAX` if that many bytes cannot exist.
#[inline(always)]
pub(crate) const fn bytes_of<T>(len: usize) -> usize {
    size_of::<T>().saturating_mul(len)
}

/// That the fast path did not take places. It has a value, which says nothing, so that a place and this need no null pointer to
/// be told apart: the optimiser would test for it.
pub(super) struct NotFast(#[expect(dead_code)] u8);

impl NotFast {
    #[inline(always)]
    fn new() -> NotFast {
        NotFast(0)
    }
}

/// Says that the branch in which this is called is rarely taken. Without it, the compiler does not see that where an unwinding
/// has something to drop, and puts the slow path into the midst of the fast one.
#[cold]
#[inline]
pub(crate) const fn rare() {}

/// Slices that take this many bytes or more begin at a multiple of `SLICE_ALIGN`, if there is room for that.
pub(crate) const LONG_SLICE: usize = 64;

/// Where long slices of numbers begin. With AVX2, loops read this many bytes at a time, and a mix of two slices takes a
/// third less time than at a multiple of 16. A multiple of 64 gains nothing more; see `benches/alignment.rs`.
pub(crate) const SLICE_ALIGN: usize = 32;

/// The size of the largest type whose slices are taken for numbers. It is that of two `f64`, for complex ones.
pub(crate) const MOST_OF_A_NUMBER: usize = 16;

/// Values of up to this size are passed to the cold path in registers.
pub(super) const IN_REGISTERS: usize = 16;

/// # Safety
///
/// I2: the `len` places must be the caller's alone.
#[inline(always)]
pub(crate) unsafe fn fill<T: Copy>(start: NonNull<T>, len: usize, value: T) {
    // Values without bytes need no writing, however many there are.
    if size_of::<T>() == 0 {
        return;
    }
    // A vector register or a few at a time, and what is shorter by halves of one. A loop over the rest would be made one over
    // vectors by the compiler, which takes longer for so few.
    // SAFETY: (I2) the caller's promise.
    let is_filled = unsafe { fill_by_parts::<T, LONG_SLICE>(start, len, value) }
        // SAFETY: (I2) the caller's promise.
        || unsafe { fill_by_parts::<T, 16>(start, len, value) }
        // SAFETY: (I2) the caller's promise.
        || unsafe { fill_by_parts::<T, 8>(start, len, value) }
        // SAFETY: (I2) the caller's promise.
        || unsafe { fill_by_parts::<T, 4>(start, len, value) }
        // SAFETY: (I2) the caller's promise.
        || unsafe { fill_by_parts::<T, 2>(start, len, value) };
    if !is_filled {
        // SAFETY: (I2) the caller's promise.
        unsafe { fill_one_by_one(start, len, value) };
    }
}

/// Fills a slice by parts of this many bytes. The last part ends where the slice ends, and may cover some of the part before it,
/// so that there is no rest to look for. The result is `false` if the slice is shorter than a part, or if its values are not
/// written by parts. Bytes are not, as the compiler calls `memset` for them.
///
/// # Safety
///
/// That of `fill`.
#[inline(always)]
unsafe fn fill_by_parts<T: Copy, const BYTES: usize>(
    start: NonNull<T>,
    len: usize,
    value: T,
) -> bool {
    let part = const {
        match size_of::<T>() {
            2 | 4 | 8 | 16 => BYTES / size_of::<T>(),
            _ => 0,
        }
    };
    if part == 0 || len < part {
        return false;
    }
    for index in 0..(len - 1) / part {
        // SAFETY: (I6) a whole part begins here, and all whole parts together are less than the `len` places.
        let start = unsafe { start.add(index * part) };
        // SAFETY: (I2) a whole part of the `len` places, which are the caller's alone.
        unsafe { fill_one_by_one(start, part, value) };
    }
    // SAFETY: (I6) `part <= len` was checked, so this is one of the `len` places.
    let start = unsafe { start.add(len - part) };
    // SAFETY: (I2) the last `part` of the `len` places, which are the caller's alone.
    unsafe { fill_one_by_one(start, part, value) };
    true
}

/// # Safety
///
/// That of `fill`.
#[inline(always)]
unsafe fn fill_one_by_one<T: Copy>(start: NonNull<T>, len: usize, value: T) {
    for index in 0..len {
        // SAFETY: (I6) `index < len`, so this is one of the `len` places.
        let place = unsafe { start.add(index) };
        // SAFETY: (I2) one of the `len` places, which are the caller's alone.
        unsafe { place.write(value) };
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn grow(
    zone: ManuallyDrop<Zone>,
    size: usize,
    align: usize,
) -> (Result<NonNull<u8>, ZoneError>, ManuallyDrop<Zone>) {
    let place = zone.grow(size, align);
    (place, zone)
}

/// The value of a plain method, which never returns an error.
#[inline(always)]
pub(super) fn or_never<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}

/// Refuses types with a destructor at compile time, as zones run no destructors for what is borrowed from them (I8).
pub(crate) const fn refuse_drop<T>() {
    assert!(
        !core::mem::needs_drop::<T>(),
        "this type needs its destructor run, and a zone runs none for borrowed values: \
         use `zone.boxed(value)` (or `ZBox::new(value)`), whose owner runs it"
    );
}

/// The same as a constant, for what several functions refuse: the compiler reports it once.
pub(crate) struct Undropped<T>(PhantomData<T>);

impl<T> Undropped<T> {
    pub(crate) const ONLY: () = refuse_drop::<T>();
}

impl Zone {
    /// Takes `size` bytes, if moving the cursor is enough for that. `align` should be known at compile time.
    #[inline(always)]
    fn bump_fast(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        if align > MAX_ALIGN {
            return None;
        }
        let header = self.header();
        let cursor = header.cursor.get();
        let remaining = header.end.get().addr().get() - cursor.addr().get();
        let skip = match align <= STEP {
            true => 0,
            false => cursor.addr().get().wrapping_neg() & (align - 1),
        };
        // A size within a step of `usize::MAX` is rounded to zero here. Zero bytes take the slow path too, so that the
        // empty zone is never written to.
        let rounded = round_up_step(size);
        if rounded.wrapping_sub(1) < remaining.saturating_sub(skip) {
            // SAFETY: (I6) the block has `skip + rounded` bytes left.
            header.cursor.set(unsafe { cursor.add(skip + rounded) });
            // SAFETY: (I6) `skip` is less than the bytes that are left.
            let start = unsafe { cursor.add(skip) };
            stale::open(start, size);
            Some(start)
        } else if size == 0 {
            // The test is here because it costs no other request anything here.
            nothing(align)
        } else {
            None
        }
    }

    /// Takes `size` bytes. `align` should be known at compile time.
    #[inline(always)]
    #[track_caller]
    pub(super) fn bump<E: OnError>(
        &self,
        size: usize,
        align: usize,
    ) -> Result<NonNull<u8>, E::Error> {
        match self.bump_fast(size, align) {
            Some(place) => Ok(place),
            None => E::grow(self, size, align),
        }
    }

    /// Whether `place_fast` can take places for `T`.
    pub(crate) const fn has_fast_place<T>() -> bool {
        size_of::<T>() != 0 && size_of::<T>() <= HEADROOM / 2 && align_of::<T>() <= STEP
    }

    /// Like `bump_fast`, with one instruction less, for one `T` for which `has_fast_place` is true.
    #[inline(always)]
    pub(super) fn place_fast<T>(&self) -> Option<NonNull<T>> {
        // This is known at compile time, so it costs nothing.
        assert!(Self::has_fast_place::<T>());
        let bytes = round_up_step(size_of::<T>());
        let header = self.header();
        let cursor = header.cursor.get();
        // SAFETY: (I6) this does not wrap, as blocks end far enough from the top of the address space.
        let next = unsafe { cursor.addr().get().unchecked_add(bytes) };
        let end = header.end.get().addr().get();
        // The compiler need not look where it knows what remains, as at the start of a scope. It does not see by itself
        // that both say the same.
        // SAFETY: (I6) the cursor is no further than the end.
        let remaining = unsafe { end.unchecked_sub(cursor.addr().get()) };
        // SAFETY: (I6) neither number has wrapped.
        unsafe { assert_unchecked((next <= end) == (bytes <= remaining)) };
        if next <= end {
            // SAFETY: (I6) the block has that many bytes left.
            header.cursor.set(unsafe { cursor.add(bytes) });
            stale::open(cursor, size_of::<T>());
            Some(cursor.cast())
        } else {
            rare();
            None
        }
    }

    /// Takes a place for one `T`, if moving the cursor is enough for that.
    #[inline(always)]
    pub(crate) fn quick_place<T>(&self) -> Option<NonNull<u8>> {
        match Self::has_fast_place::<T>() {
            true => self.place_fast::<T>().map(NonNull::cast),
            false => self.bump_fast(size_of::<T>(), align_of::<T>()),
        }
    }

    /// Takes places for `len` values of `T`, if moving the cursor is enough for that.
    #[inline(always)]
    pub(crate) fn quick_places<T>(&self, len: usize) -> Option<NonNull<u8>> {
        self.slice_fast::<T>(len, align_of::<T>(), false).ok()
    }

    /// Takes places for `len` values of `T`, if moving the cursor is enough for that. With `for_loops`, long slices of
    /// numbers begin where loops over them are fastest. Without room for that it takes none, and the slow path
    /// puts them where they fit.
    #[inline(always)]
    pub(super) fn slice_fast<T>(
        &self,
        len: usize,
        align: usize,
        for_loops: bool,
    ) -> Result<NonNull<u8>, NotFast> {
        let size = size_of::<T>();
        if align > MAX_ALIGN {
            return Err(NotFast::new());
        }
        // Up to this length no size wraps, as blocks end far enough from the top of the address space. No places and no
        // bytes take the other way too, so that the empty zone is never written to.
        if len.wrapping_sub(1) >= (HEADROOM / 2).checked_div(size).unwrap_or(0) {
            let nothing = if len == 0 || size == 0 { nothing(align) } else { None };
            return nothing.ok_or(NotFast::new());
        }
        let header = self.header();
        let cursor = header.cursor.get();
        let aligned = |align: usize| (cursor.addr().get() + (align - 1)) & !(align - 1);
        let mut start = if align <= STEP { cursor.addr().get() } else { aligned(align) };
        let may_be_long = for_loops && size <= MOST_OF_A_NUMBER && align < SLICE_ALIGN;
        if may_be_long && len >= LONG_SLICE.div_ceil(size) {
            start = aligned(SLICE_ALIGN);
        }
        let skip = start - cursor.addr().get();
        let bytes = round_up_step(size * len);
        if start + bytes > header.end.get().addr().get() {
            rare();
            return Err(NotFast::new());
        }
        // SAFETY: (I6) the block has `skip + bytes` bytes left.
        header.cursor.set(unsafe { cursor.add(skip + bytes) });
        // SAFETY: (I6) `skip` is less than the bytes that are left.
        let start = unsafe { cursor.add(skip) };
        stale::open(start, size * len);
        Ok(start)
    }

    /// Whether a seat needs the zone to be made first. No bytes can be had from the static zone too, and that zone may not
    /// be written to (I3).
    #[inline(always)]
    fn is_unmade_for(&self, size: usize) -> bool {
        size == 0 && self.header().state.get() & state::EMPTY != 0
    }

    /// Takes a place of `size` bytes and counts a handle, if counting is enough for the handle. `take` runs none of the
    /// user's code.
    #[inline(always)]
    pub(crate) fn quick_seat(
        &self,
        size: usize,
        take: impl FnOnce(&Zone) -> Option<NonNull<u8>>,
    ) -> Option<Seat> {
        /// Takes back a seat that has one handle too many.
        #[cold]
        #[inline(never)]
        fn take_back(header: NonNull<Header>, place: NonNull<u8>, size: usize) {
            // SAFETY: (I1) the caller has the zone.
            let header = unsafe { header.as_ref() };
            header.state.set(header.state.get() - state::HANDLE);
            // SAFETY: (I1) just taken, and nobody has seen it.
            unsafe { header.give_back(place, size) };
        }
        if self.is_unmade_for(size) {
            return None;
        }
        let place = take(self)?;
        // Counted before it is looked at, so that this is one instruction.
        let counted = self.header().state.get() + state::HANDLE;
        self.header().state.set(counted);
        if state::has_sign(counted) {
            take_back(self.raw(), place, size);
            return None;
        }
        // SAFETY: (I1) the new handle was just counted.
        let zone = unsafe { Zone::from_raw(self.raw()) };
        Some(Seat { place, zone })
    }

    /// Takes a place for what becomes the owner of this handle.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn into_seat(
        self,
        size: usize,
        align: usize,
        take: impl FnOnce(&Zone) -> Option<NonNull<u8>>,
    ) -> Result<Seat, ZoneError> {
        let place = if self.is_unmade_for(size) { None } else { take(&self) };
        match place {
            Some(place) => Ok(Seat { place, zone: self }),
            None => seat_with(self, size, align),
        }
    }

    /// Takes a place for one `T`.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn place<E: OnError, T>(&self) -> Result<NonNull<T>, E::Error> {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        if size == 0 {
            // This does what `grow` would do, without the call.
            return if align <= MAX_ALIGN {
                Ok(NonNull::dangling())
            } else {
                E::fail(ZoneError::AlignTooLarge { align })
            };
        }
        if Self::has_fast_place::<T>() {
            return match self.place_fast() {
                Some(place) => Ok(place),
                None => Ok(E::grow(self, size, align)?.cast()),
            };
        }
        Ok(self.bump::<E>(size, align)?.cast())
    }

    /// Takes places for `len` values of `T`.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn places<E: OnError, T>(
        &self,
        len: usize,
        align: usize,
    ) -> Result<NonNull<T>, E::Error> {
        match self.slice_fast::<T>(len, align, true) {
            Ok(start) => Ok(start.cast()),
            Err(_) => Ok(E::grow(self, bytes_of::<T>(len), align)?.cast()),
        }
    }
}
