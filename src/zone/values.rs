//! Putting values into a zone by reference: the typed methods of [`Zone`].
//!
//! Each method and its `try_` twin are one body, generic over [`OnError`]. The body moves the
//! cursor before it runs any code of the user's (I5).

// `&mut` from `&self` is what an arena is for: each call hands out other memory (I2).
#![expect(clippy::mut_from_ref)]

use crate::error::{MAX_ALIGN, ZoneError, or_panic, panic_with};
use crate::region::bump::{HEADROOM, MAX_REQUEST, STEP, round_up_step};
use crate::region::stale;
use crate::zone::Zone;
use core::alloc::Layout;
use core::convert::Infallible;
use core::fmt::{self, Write};
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ops::ControlFlow;
use core::ptr::NonNull;
use core::slice;

/// What a method does where it cannot go on.
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
        // SAFETY: (I2) `len` places just taken.
        unsafe { fill(start, len, value) };
        Ok(start)
    }
    #[inline(always)]
    #[track_caller]
    fn put<T>(zone: &Zone, value: T) -> Result<NonNull<T>, Self::Error> {
        let place = Self::grow(zone, size_of::<T>(), align_of::<T>())?.cast();
        // SAFETY: (I2) a place just taken for it.
        unsafe { place.write(value) };
        Ok(place)
    }
}

/// The plain methods.
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
        let Grown(place, lent) = grow_or_panic(zone.lend(), size, align);
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
        let Grown(start, lent) = fill_or_panic(zone.lend(), len, align, value);
        zone.take_back(lent);
        Ok(start)
    }
    #[inline(always)]
    #[track_caller]
    fn put<T>(zone: &Zone, value: T) -> Result<NonNull<T>, Infallible> {
        let Grown(place, lent) = put_or_panic(zone.lend(), value);
        zone.take_back(lent);
        Ok(place)
    }
}

/// The `try_` twins.
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

/// An allocation, and the zone it is in: another one where the zone was yet to be made. Both are
/// returned in registers, and the zone is passed by value, so that neither it nor the guard of a
/// scope has to live in memory for the sake of the cold path.
struct Grown<T>(NonNull<T>, ManuallyDrop<Zone>);

#[cold]
#[inline(never)]
#[track_caller]
fn grow_or_panic(zone: ManuallyDrop<Zone>, size: usize, align: usize) -> Grown<u8> {
    let place = or_panic(zone.grow(size, align));
    Grown(place, zone)
}

/// Also puts the value into its place, so that the caller need not save it in a register, on its hot
/// path too, for what comes after this call.
#[cold]
#[inline(never)]
#[track_caller]
fn put_or_panic<T>(zone: ManuallyDrop<Zone>, value: T) -> Grown<T> {
    let place = or_panic(zone.grow(size_of::<T>(), align_of::<T>())).cast();
    // SAFETY: (I2) a place just taken for it.
    unsafe { place.write(value) };
    Grown(place, zone)
}

/// As `put_or_panic`, for a slice of equal values.
#[cold]
#[inline(never)]
#[track_caller]
fn fill_or_panic<T: Copy>(
    zone: ManuallyDrop<Zone>,
    len: usize,
    align: usize,
    value: T,
) -> Grown<T> {
    let start = or_panic(zone.grow(bytes_of::<T>(len), align)).cast();
    // SAFETY: (I2) `len` places just taken.
    unsafe { fill(start, len, value) };
    Grown(start, zone)
}

/// The bytes of `len` values, or `usize::MAX` where there are no such numbers.
#[inline(always)]
const fn bytes_of<T>(len: usize) -> usize {
    size_of::<T>().saturating_mul(len)
}

/// Values up to this size are passed to the cold path in registers.
const IN_REGISTERS: usize = 16;

/// # Safety
///
/// I2: the `len` places must be the caller's alone.
#[inline(always)]
unsafe fn fill<T: Copy>(start: NonNull<T>, len: usize, value: T) {
    for index in 0..len {
        // SAFETY: (I6) the caller's promise.
        let place = unsafe { start.add(index) };
        // SAFETY: (I2) as above.
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

/// What the plain methods return: there is no error to look at.
#[inline(always)]
fn value<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}

/// Zones run no destructors for what is borrowed from them (I8).
pub(crate) const fn refuse_drop<T>() {
    assert!(
        !core::mem::needs_drop::<T>(),
        "this type needs its destructor run, and a zone runs none for borrowed values: \
         use `zone.boxed(value)` (or `ZBox::new(value)`), whose owner runs it"
    );
}

impl Zone {
    /// Takes `size` bytes where that is only moving the cursor. `align` should be known at compile
    /// time.
    #[inline(always)]
    fn bump_fast(&self, size: usize, align: usize) -> Option<NonNull<u8>> {
        if align > MAX_ALIGN {
            return None;
        }
        let header = self.header();
        let cursor = header.cursor.get();
        let room = header.end.get().addr().get() - cursor.addr().get();
        let skip = match align <= STEP {
            true => 0,
            false => cursor.addr().get().wrapping_neg() & (align - 1),
        };
        // Sizes within a step of `usize::MAX` wrap to zero here, and zero bytes take the slow path
        // too, so that the empty zone is never written to.
        let rounded = round_up_step(size);
        if rounded.wrapping_sub(1) < room.saturating_sub(skip) {
            // SAFETY: (I6) `skip + rounded` bytes are left in the block.
            header.cursor.set(unsafe { cursor.add(skip + rounded) });
            // SAFETY: (I6) as above.
            let start = unsafe { cursor.add(skip) };
            stale::open(start, size);
            Some(start)
        } else {
            None
        }
    }

    /// Takes `size` bytes. `align` should be known at compile time.
    #[inline(always)]
    #[track_caller]
    fn bump<E: OnError>(&self, size: usize, align: usize) -> Result<NonNull<u8>, E::Error> {
        match self.bump_fast(size, align) {
            Some(place) => Ok(place),
            None => E::grow(self, size, align),
        }
    }

    /// Whether `place_fast` takes places for `T`.
    const fn has_fast_place<T>() -> bool {
        size_of::<T>() != 0 && size_of::<T>() <= HEADROOM / 2 && align_of::<T>() <= STEP
    }

    /// `bump_fast` with one instruction less, for one `T` with `has_fast_place`.
    #[inline(always)]
    fn place_fast<T>(&self) -> Option<NonNull<T>> {
        debug_assert!(Self::has_fast_place::<T>());
        let bytes = round_up_step(size_of::<T>());
        let header = self.header();
        let cursor = header.cursor.get();
        // Blocks end too far from the top of the address space for this sum to wrap.
        if cursor.addr().get() + bytes <= header.end.get().addr().get() {
            // SAFETY: (I6) that many bytes are left in the block.
            header.cursor.set(unsafe { cursor.add(bytes) });
            stale::open(cursor, size_of::<T>());
            Some(cursor.cast())
        } else {
            None
        }
    }

    /// Takes the place of one `T`.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn place<E: OnError, T>(&self) -> Result<NonNull<T>, E::Error> {
        let (size, align) = (size_of::<T>(), align_of::<T>());
        if size == 0 {
            // As `grow` does, without the call.
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

    /// Takes the place of `len` times `T`.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn places<E: OnError, T>(
        &self,
        len: usize,
        align: usize,
    ) -> Result<NonNull<T>, E::Error> {
        let size = bytes_of::<T>(len);
        Ok(self.bump::<E>(size, align)?.cast())
    }

    #[inline(always)]
    #[track_caller]
    fn alloc_in<E: OnError, T>(&self, make: impl FnOnce() -> T) -> Result<&mut T, E::Error> {
        let place = self.place::<E, T>()?.as_ptr();
        let value = make();
        // SAFETY: (I2, I5) the place was taken for this value before `make` ran.
        unsafe { place.write(value) };
        // SAFETY: (I7) just written; (I1) borrowed from the handle, so neither moved nor reused.
        Ok(unsafe { &mut *place })
    }

    /// `alloc_in` of a value that is there already.
    #[inline(always)]
    #[track_caller]
    pub(crate) fn put_in<E: OnError, T>(&self, value: T) -> Result<&mut T, E::Error> {
        if !Self::has_fast_place::<T>() || size_of::<T>() > IN_REGISTERS {
            return self.alloc_in::<E, T>(|| value);
        }
        let place = match self.place_fast::<T>() {
            Some(place) => {
                // SAFETY: (I2) a place just taken for it.
                unsafe { place.write(value) };
                place
            }
            None => E::put(self, value)?,
        };
        // SAFETY: (I7) written above; (I1) borrowed from the handle, so neither moved nor reused.
        Ok(unsafe { &mut *place.as_ptr() })
    }

    /// `slice_in` of equal values.
    #[inline(always)]
    #[track_caller]
    fn fill_in<E: OnError, T: Copy>(
        &self,
        len: usize,
        align: usize,
        value: T,
    ) -> Result<&mut [T], E::Error> {
        if size_of::<T>() > IN_REGISTERS {
            return self.slice_in::<E, T>(len, align, |_| value);
        }
        let start = match self.bump_fast(bytes_of::<T>(len), align) {
            Some(start) => {
                let start = start.cast();
                // SAFETY: (I2) `len` places just taken.
                unsafe { fill(start, len, value) };
                start
            }
            None => E::fill(self, len, align, value)?,
        };
        // SAFETY: (I7) all `len` are written; (I1) borrowed from the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) })
    }

    #[inline(always)]
    #[track_caller]
    fn slice_in<E: OnError, T>(
        &self,
        len: usize,
        align: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<&mut [T], E::Error> {
        let start = self.places::<E, T>(len, align)?.as_ptr();
        for index in 0..len {
            let value = make(index);
            // SAFETY: (I5) `len` places were taken before `make` ran.
            let place = unsafe { start.add(index) };
            // SAFETY: (I2) as above.
            unsafe { place.write(value) };
        }
        // SAFETY: (I7) all `len` are written; (I1) borrowed from the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }

    /// A slice of what `make` returns, or its first error.
    #[inline(always)]
    pub(crate) fn fill_slice<T>(
        &self,
        len: usize,
        mut make: impl FnMut(usize) -> Result<T, ZoneError>,
    ) -> Result<&mut [T], ZoneError> {
        const { refuse_drop::<T>() };
        let start = self.places::<Return, T>(len, align_of::<T>())?.as_ptr();
        for index in 0..len {
            let value = make(index)?;
            // SAFETY: (I5) `len` places were taken before `make` ran.
            let place = unsafe { start.add(index) };
            // SAFETY: (I2) as above.
            unsafe { place.write(value) };
        }
        // SAFETY: (I7) all `len` are written; (I1) borrowed from the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }

    #[inline(always)]
    #[track_caller]
    fn copy_in<E: OnError, T: Copy>(&self, source: &[T]) -> Result<&mut [T], E::Error> {
        let start = self.places::<E, T>(source.len(), align_of::<T>())?.as_ptr();
        // SAFETY: (I2) `source.len()` places just taken, so apart from the source.
        unsafe { start.copy_from_nonoverlapping(source.as_ptr(), source.len()) };
        // SAFETY: (I7) all are written; (I1) borrowed from the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, source.len()) })
    }

    #[inline(always)]
    #[track_caller]
    fn uninit_in<E: OnError, T>(&self, len: usize) -> Result<&mut [MaybeUninit<T>], E::Error> {
        let start = self.places::<E, MaybeUninit<T>>(len, align_of::<T>())?.as_ptr();
        // SAFETY: (I7) `MaybeUninit` needs no initialisation; (I1) borrowed from the handle.
        Ok(unsafe { slice::from_raw_parts_mut(start, len) })
    }

    #[track_caller]
    fn iter_in<E: OnError, I: IntoIterator>(&self, items: I) -> Result<&mut [I::Item], E::Error> {
        let mut items = items.into_iter();
        let mut builder = SliceBuilder::<E, I::Item>::new(self);
        builder.reserve_exact(items.size_hint().0)?;
        // What has ended once is not asked again.
        if let Some(item) = builder.fill_room(&mut items) {
            builder.push(item)?;
            for item in items {
                builder.push(item)?;
            }
        }
        Ok(builder.finish())
    }

    #[track_caller]
    fn fmt_in<E: OnError>(&self, text: fmt::Arguments<'_>) -> Result<&mut str, E::Error> {
        struct Text<'z> {
            bytes: SliceBuilder<'z, Return, u8>,
            error: Option<ZoneError>,
        }
        impl Write for Text<'_> {
            fn write_str(&mut self, part: &str) -> fmt::Result {
                self.bytes.extend(part.as_bytes()).map_err(|error| {
                    self.error = Some(error);
                    fmt::Error
                })
            }
        }
        let mut out = Text { bytes: SliceBuilder::new(self), error: None };
        let written = out.write_fmt(text);
        if let Some(error) = out.error.or(written.err().map(|fmt::Error| ZoneError::Format)) {
            return E::fail(error);
        }
        // SAFETY: (I7) only whole `str`s were written.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(out.bytes.finish()) })
    }

    /// Puts a value into the zone.
    ///
    /// A type that needs its destructor run does not compile; [`boxed`](Zone::boxed) takes it.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let phase = zone.alloc(0.0_f64);
    /// *phase += 0.1;
    /// ```
    ///
    /// ```compile_fail
    /// let zone = memzone::Zone::new(1024);
    /// let name = zone.alloc(String::from("kick"));
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc`](Zone::try_alloc) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Constant where the current block has room: a load, an addition, a comparison, a store.
    #[inline(always)]
    #[track_caller]
    pub fn alloc<T>(&self, value: T) -> &mut T {
        const { refuse_drop::<T>() };
        self::value(self.put_in::<Panic, T>(value))
    }

    /// Like [`alloc`](Zone::alloc), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The value is lost then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc<T>(&self, value: T) -> Result<&mut T, ZoneError> {
        const { refuse_drop::<T>() };
        self.put_in::<Return, T>(value)
    }

    /// Puts what `make` returns into the zone, built in place where the optimiser can.
    ///
    /// `make` may use the zone itself. Where it panics, its place stays taken.
    ///
    /// ```
    /// let zone = memzone::Zone::new(64 * 1024);
    /// let table = zone.alloc_with(|| [0.0_f32; 4096]); // made in its place
    /// assert_eq!(table.len(), 4096);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_with`](Zone::try_alloc_with) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn alloc_with<T>(&self, make: impl FnOnce() -> T) -> &mut T {
        const { refuse_drop::<T>() };
        value(self.alloc_in::<Panic, T>(make))
    }

    /// Like [`alloc_with`](Zone::alloc_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout); `make` is not called then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining) and as far as `make` is.
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_with<T>(&self, make: impl FnOnce() -> T) -> Result<&mut T, ZoneError> {
        const { refuse_drop::<T>() };
        self.alloc_in::<Return, T>(make)
    }

    /// Puts `len` copies of a value into the zone. The memory is filled once, not cleared before.
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_slice`](Zone::try_alloc_slice) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in `len`, for the fill.
    #[inline(always)]
    #[track_caller]
    pub fn alloc_slice<T: Copy>(&self, len: usize, value: T) -> &mut [T] {
        self::value(self.fill_in::<Panic, T>(len, align_of::<T>(), value))
    }

    /// Like [`alloc_slice`](Zone::alloc_slice), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice<T: Copy>(&self, len: usize, value: T) -> Result<&mut [T], ZoneError> {
        self.fill_in::<Return, T>(len, align_of::<T>(), value)
    }

    /// Puts `len` values into the zone, the one at `index` made by `make(index)`.
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_slice_with`](Zone::try_alloc_slice_with) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn alloc_slice_with<T>(&self, len: usize, make: impl FnMut(usize) -> T) -> &mut [T] {
        const { refuse_drop::<T>() };
        value(self.slice_in::<Panic, T>(len, align_of::<T>(), make))
    }

    /// Like [`alloc_slice_with`](Zone::alloc_slice_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout); `make` is not called then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining) and as far as `make` is.
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice_with<T>(
        &self,
        len: usize,
        make: impl FnMut(usize) -> T,
    ) -> Result<&mut [T], ZoneError> {
        const { refuse_drop::<T>() };
        self.slice_in::<Return, T>(len, align_of::<T>(), make)
    }

    /// Puts a copy of a slice into the zone.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut block = [0.5_f32; 64];
    /// let before = zone.alloc_slice_copy(&block);
    /// block.fill(0.0);
    /// assert_eq!(before[63], 0.5);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_slice_copy`](Zone::try_alloc_slice_copy) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn alloc_slice_copy<T: Copy>(&self, source: &[T]) -> &mut [T] {
        value(self.copy_in::<Panic, T>(source))
    }

    /// Like [`alloc_slice_copy`](Zone::alloc_slice_copy), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice_copy<T: Copy>(&self, source: &[T]) -> Result<&mut [T], ZoneError> {
        self.copy_in::<Return, T>(source)
    }

    /// Like [`alloc_slice`](Zone::alloc_slice), starting at a multiple of `ALIGN` bytes: 32 for
    /// AVX, 64 for a cache line, 4096 for a page. `ALIGN` is a power of two.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let row = zone.alloc_slice_aligned::<f32, 64>(100, 0.0);
    /// assert_eq!(row.as_ptr().addr() % 64, 0);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_slice_aligned`](Zone::try_alloc_slice_aligned) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn alloc_slice_aligned<T: Copy, const ALIGN: usize>(
        &self,
        len: usize,
        value: T,
    ) -> &mut [T] {
        const { assert!(ALIGN.is_power_of_two(), "ALIGN must be a power of two") };
        self::value(self.fill_in::<Panic, T>(len, ALIGN.max(align_of::<T>()), value))
    }

    /// Like [`alloc_slice_aligned`](Zone::alloc_slice_aligned), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_slice_aligned<T: Copy, const ALIGN: usize>(
        &self,
        len: usize,
        value: T,
    ) -> Result<&mut [T], ZoneError> {
        const { assert!(ALIGN.is_power_of_two(), "ALIGN must be a power of two") };
        self.fill_in::<Return, T>(len, ALIGN.max(align_of::<T>()), value)
    }

    /// Takes room for `len` values and fills none of it.
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_uninit`](Zone::try_alloc_uninit) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Constant where the current block has room.
    #[inline(always)]
    #[track_caller]
    pub fn alloc_uninit<T>(&self, len: usize) -> &mut [MaybeUninit<T>] {
        const { refuse_drop::<T>() };
        value(self.uninit_in::<Panic, T>(len))
    }

    /// Like [`alloc_uninit`](Zone::alloc_uninit), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_uninit<T>(&self, len: usize) -> Result<&mut [MaybeUninit<T>], ZoneError> {
        const { refuse_drop::<T>() };
        self.uninit_in::<Return, T>(len)
    }

    /// Puts all items of an iterator into the zone, as one slice. It grows in place as long as
    /// nothing else is allocated meanwhile; the iterator may use the zone itself.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let window = zone.alloc_iter((0..8).map(|n| (n as f32 / 7.0 * std::f32::consts::PI).sin()));
    /// assert_eq!(window.len(), 8);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_iter`](Zone::try_alloc_iter) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn alloc_iter<T>(&self, items: impl IntoIterator<Item = T>) -> &mut [T] {
        const { refuse_drop::<T>() };
        value(self.iter_in::<Panic, _>(items))
    }

    /// Like [`alloc_iter`](Zone::alloc_iter), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout); the items so far are lost then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining) and as far as the iterator is.
    #[track_caller]
    pub fn try_alloc_iter<T>(
        &self,
        items: impl IntoIterator<Item = T>,
    ) -> Result<&mut [T], ZoneError> {
        const { refuse_drop::<T>() };
        self.iter_in::<Return, _>(items)
    }

    /// Puts a copy of a text into the zone.
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_str`](Zone::try_alloc_str) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn alloc_str(&self, text: &str) -> &mut str {
        // SAFETY: (I7) a copy of a text's bytes is a text.
        unsafe { core::str::from_utf8_unchecked_mut(self.alloc_slice_copy(text.as_bytes())) }
    }

    /// Like [`alloc_str`](Zone::alloc_str), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline(always)]
    #[track_caller]
    pub fn try_alloc_str(&self, text: &str) -> Result<&mut str, ZoneError> {
        let bytes = self.try_alloc_slice_copy(text.as_bytes())?;
        // SAFETY: (I7) a copy of a text's bytes is a text.
        Ok(unsafe { core::str::from_utf8_unchecked_mut(bytes) })
    }

    /// Writes a formatted text into the zone; see also [`zformat!`](crate::zformat).
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// assert_eq!(zone.alloc_fmt(format_args!("voice {}", 3)), "voice 3");
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_fmt`](Zone::try_alloc_fmt) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining) and as far as the formatting is.
    #[track_caller]
    pub fn alloc_fmt(&self, text: fmt::Arguments<'_>) -> &mut str {
        value(self.fmt_in::<Panic>(text))
    }

    /// Like [`alloc_fmt`](Zone::alloc_fmt), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout), and [`Format`](ZoneError::Format)
    /// where a `Display` implementation reports an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining) and as far as the formatting is.
    #[track_caller]
    pub fn try_alloc_fmt(&self, text: fmt::Arguments<'_>) -> Result<&mut str, ZoneError> {
        self.fmt_in::<Return>(text)
    }

    /// Takes raw memory. It is valid as long as the zone is neither reset nor freed, which the
    /// compiler does not check here.
    ///
    /// A size of zero gives a dangling pointer of the right alignment and takes nothing.
    ///
    /// ```
    /// use core::alloc::Layout;
    ///
    /// let zone = memzone::Zone::new(1024);
    /// let place = zone.alloc_layout(Layout::new::<[f32; 16]>().align_to(64).unwrap());
    /// assert!(zone.contains(place.as_ptr()) && place.addr().get() % 64 == 0);
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`try_alloc_layout`](Zone::try_alloc_layout) errs.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn alloc_layout(&self, layout: Layout) -> NonNull<u8> {
        value(self.bump::<Panic>(layout.size(), layout.align()))
    }

    /// Like [`alloc_layout`](Zone::alloc_layout), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// * [`OutOfMemory`](ZoneError::OutOfMemory): the system has no memory for a new block.
    /// * [`LimitReached`](ZoneError::LimitReached): the zone may not grow that far.
    /// * [`TooLarge`](ZoneError::TooLarge): no zone could ever hold it.
    /// * [`AlignTooLarge`](ZoneError::AlignTooLarge): aligned to more than a page of 4096 bytes.
    ///
    /// The zone is as it was before.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_alloc_layout(&self, layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        self.bump::<Return>(layout.size(), layout.align())
    }
}

/// Writes a formatted text into a zone: `zformat!(zone, "voice {n}")` gives a `&mut str`.
///
/// ```
/// use memzone::{Zone, zformat};
///
/// let zone = Zone::new(1024);
/// let n = 3;
/// assert_eq!(zformat!(zone, "voice {n}"), "voice 3");
/// ```
///
/// # Real-time
///
/// Yes, within the zone's [`remaining`](crate::Zone::remaining) bytes and as far as the formatting
/// is.
#[macro_export]
macro_rules! zformat {
    ($zone:expr, $($text:tt)+) => {
        $zone.alloc_fmt(::core::format_args!($($text)+))
    };
    ($($other:tt)*) => {
        ::core::compile_error!("expected a zone and a text: `zformat!(zone, \"text {}\", value)`")
    };
}

/// A slice that grows at the end of a zone.
pub(crate) struct SliceBuilder<'z, E, T> {
    zone: &'z Zone,
    start: NonNull<T>,
    len: usize,
    room: usize,
    on_error: PhantomData<E>,
}

impl<'z, E: OnError, T> SliceBuilder<'z, E, T> {
    pub(crate) fn new(zone: &'z Zone) -> Self {
        let start = NonNull::dangling();
        SliceBuilder { zone, start, len: 0, room: 0, on_error: PhantomData }
    }

    /// Makes room for `more` further items, and for some that may follow.
    #[track_caller]
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), E::Error> {
        if more <= self.room - self.len {
            return Ok(());
        }
        self.make_room(more, self.room.saturating_mul(2).max(4))
    }

    /// Makes room for `more` further items and no others.
    #[track_caller]
    pub(crate) fn reserve_exact(&mut self, more: usize) -> Result<(), E::Error> {
        if more <= self.room - self.len {
            return Ok(());
        }
        self.make_room(more, 0)
    }

    /// Makes room for `more` further items, and for at least `wanted` in all.
    #[track_caller]
    fn make_room(&mut self, more: usize, wanted: usize) -> Result<(), E::Error> {
        let Some(least) = self.len.checked_add(more) else {
            let (requested, available) = (usize::MAX, MAX_REQUEST);
            return E::fail(ZoneError::TooLarge { requested, available });
        };
        let room = least.max(wanted);
        if self.extend_in_place(least, room) {
            return Ok(());
        }
        let (start, room) = match self.zone.places::<Return, T>(room, align_of::<T>()) {
            Ok(start) => (start, room),
            // There may be no room for more than is needed now.
            Err(_) => (self.zone.places::<E, T>(least, align_of::<T>())?, least),
        };
        // SAFETY: (I2) `room >= len` places just taken, apart from the old ones.
        unsafe { start.copy_from_nonoverlapping(self.start, self.len) };
        if stale::ON && self.room != 0 {
            // SAFETY: (I6) the end of what was taken before.
            let end = unsafe { self.start.add(self.room) };
            // SAFETY: (I1) the items have left it.
            unsafe { stale::close(self.start.cast(), end.cast()) };
        }
        self.start = start;
        self.room = room;
        Ok(())
    }

    /// Takes the bytes behind the slice if it is the last allocation: up to `room` items, at
    /// least `least`.
    fn extend_in_place(&mut self, least: usize, room: usize) -> bool {
        let size = size_of::<T>();
        if self.room == 0 || size == 0 {
            return false;
        }
        let header = self.zone.header();
        let cursor = header.cursor.get();
        let start = self.start.addr().get();
        // Not the last where somebody took memory behind it, or a new block was begun.
        if start + round_up_step(self.room * size) != cursor.addr().get() {
            return false;
        }
        let left = (header.end.get().addr().get() - start) / size;
        if left < least {
            return false;
        }
        let room = room.min(left);
        let more = start + room * size - cursor.addr().get().min(start + room * size);
        let free = header.end.get().addr().get() - cursor.addr().get();
        stale::open(self.start.cast(), room * size);
        // SAFETY: (I6) `start + room * size` is within the block, and so is the rounded cursor.
        header.cursor.set(unsafe { cursor.add(round_up_step(more).min(free)) });
        self.room = room;
        true
    }

    /// Takes as many items as there is room for. Some: the first one that there is none for. None: the iterator
    /// has ended. Nothing but the items is looked at in this loop, so that the optimiser can make of it what it
    /// makes of a loop over an array.
    ///
    /// The iterator's own loop is used, which for some is much shorter than one over `next`. It may be the
    /// user's, and call the closure as often as it likes, also after the closure has told it to stop. So the
    /// bound is in the closure.
    #[inline]
    fn fill_room(&mut self, items: &mut impl Iterator<Item = T>) -> Option<T> {
        let (start, room) = (self.start, self.room);
        let mut filled = self.len;
        let mut over = None;
        let _ = items.try_for_each(|item| {
            if filled >= room {
                over = Some(item);
                return ControlFlow::Break(());
            }
            // SAFETY: (I6) `filled < room`, as was just seen.
            let place = unsafe { start.add(filled) };
            // SAFETY: (I2) a place of ours that is not yet filled.
            unsafe { place.write(item) };
            filled += 1;
            ControlFlow::Continue(())
        });
        self.len = filled;
        over
    }

    #[inline]
    #[track_caller]
    pub(crate) fn push(&mut self, item: T) -> Result<(), E::Error> {
        self.reserve(1)?;
        // SAFETY: (I6) `len < room`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) a place of ours that is not yet filled.
        unsafe { place.write(item) };
        self.len += 1;
        Ok(())
    }

    #[track_caller]
    pub(crate) fn extend(&mut self, items: &[T]) -> Result<(), E::Error>
    where
        T: Copy,
    {
        self.reserve(items.len())?;
        // SAFETY: (I6) `len <= room`.
        let place = unsafe { self.start.add(self.len) };
        // SAFETY: (I2) `reserve` made room for as many; a place just taken is apart from `items`.
        unsafe { place.as_ptr().copy_from_nonoverlapping(items.as_ptr(), items.len()) };
        self.len += items.len();
        Ok(())
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: (I7) `len` items are written; (I1) borrowed from this, which borrows the handle.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Forgets the items; their places are kept.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Gives all places back, if they are still the last allocation.
    ///
    /// # Safety
    ///
    /// Nobody uses the items any more, and this is not used again.
    pub(crate) unsafe fn give_back(&self) {
        // SAFETY: (I6) `room` places taken in this zone; unused by the caller's promise.
        unsafe { self.zone.header().give_back(self.start.cast(), self.room * size_of::<T>()) };
    }

    /// The slice; what it did not fill goes back if it is still the last allocation.
    pub(crate) fn finish(self) -> &'z mut [T] {
        let header = self.zone.header();
        let size = size_of::<T>();
        let start = self.start.addr().get();
        let end = start + round_up_step(self.room * size);
        if self.room != 0 && size != 0 && end == header.cursor.get().addr().get() {
            // SAFETY: (I6) within what was taken for the slice.
            let cursor = unsafe { self.start.cast::<u8>().add(round_up_step(self.len * size)) };
            if stale::ON {
                // SAFETY: (I6) as above.
                let unfilled = unsafe { self.start.add(self.len) };
                // SAFETY: (I1) nobody has seen what was not filled.
                unsafe { stale::close(unfilled.cast(), header.cursor.get()) };
            }
            header.cursor.set(cursor);
        }
        // SAFETY: (I7) `len` items are written; (I1) borrowed from the handle.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}
