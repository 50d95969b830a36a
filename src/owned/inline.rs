//! A value of any type that has a trait, in a place of a fixed size: what a pool, a vector or an array of mixed types is
//! made of.

use crate::owned::owner::acts_as_its_value;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::panic::RefUnwindSafe;

/// A value that is seen as a `dyn Trait`, and that lies in the `Inline` itself, in at most `BYTES` bytes.
///
/// A `Box<dyn Trait>` has its value elsewhere. This one has it in place, so it needs no memory of its own, and all have
/// one size: they are what a [`Pool`](crate::Pool) of mixed voices holds. [`inline!`](crate::inline) makes one.
///
/// ```
/// use memzone::{Inline, Pool, Zone, inline};
///
/// trait Voice {
///     fn next(&mut self) -> f32;
/// }
/// struct Saw(f32);
/// struct Noise(u32);
/// impl Voice for Saw {
///     fn next(&mut self) -> f32 {
///         self.0 = (self.0 + 0.25) % 1.0;
///         self.0
///     }
/// }
/// impl Voice for Noise {
///     fn next(&mut self) -> f32 {
///         self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
///         self.0 as f32 / u32::MAX as f32
///     }
/// }
///
/// let zone = Zone::new(4096);
/// let mut voices: Pool<Inline<dyn Voice, 64>> = zone.pool(16);
/// voices.insert(inline!(Saw(0.0) => dyn Voice))?;
/// voices.insert(inline!(Noise(1) => dyn Voice))?;
/// let sum: f32 = voices.iter_mut().map(|voice| voice.next()).sum();
/// assert!(sum > 0.25 && sum < 1.25);
/// # Ok::<(), memzone::PoolFull<Inline<dyn Voice, 64>>>(())
/// ```
///
/// A value that is larger than `BYTES`, or aligned to more than 16 bytes, does not compile.
///
/// # Real-time
///
/// Yes, if the value's destructor is. Each use calls a function that knows the value's type, apart from the call by the
/// trait object.
pub struct Inline<U: ?Sized, const BYTES: usize> {
    place: Place<BYTES>,
    /// Makes the address of the place a pointer to the value in it, whose type it knows.
    see: fn(*mut ()) -> *mut U,
    owns: PhantomData<U>,
}

/// The value may be changed through a shared reference, as one with a `Cell` in it is.
#[repr(C, align(16))]
struct Place<const BYTES: usize>(UnsafeCell<[MaybeUninit<u8>; BYTES]>);

// As for a `Box`, which owns its value too.
impl<U: ?Sized + RefUnwindSafe, const BYTES: usize> RefUnwindSafe for Inline<U, BYTES> {}

// SAFETY: (I47) it owns its value, which is seen as a `U` and nothing else.
unsafe impl<U: ?Sized + Send, const BYTES: usize> Send for Inline<U, BYTES> {}
// SAFETY: (I47) a shared one gives out shared references to its value only.
unsafe impl<U: ?Sized + Sync, const BYTES: usize> Sync for Inline<U, BYTES> {}

impl<U: ?Sized, const BYTES: usize> Inline<U, BYTES> {
    /// Puts a value into a place of its own.
    ///
    /// # Safety
    ///
    /// I47: `coerce` returns the pointer that it is given, as the compiler's own coercion makes it a wider one.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[doc(hidden)]
    pub unsafe fn unsized_from<T>(value: T, coerce: fn(*mut T) -> *mut U) -> Self {
        const {
            assert!(
                size_of::<T>() <= BYTES && align_of::<T>() <= align_of::<Place<BYTES>>(),
                "the value is larger than the `BYTES` of the `Inline`, or aligned to more than 16 bytes"
            );
        }
        // SAFETY: (I47) both are pointers to functions from a thin pointer to a `*mut U`, which are called in one way.
        let see =
            unsafe { core::mem::transmute::<fn(*mut T) -> *mut U, fn(*mut ()) -> *mut U>(coerce) };
        let mut place = Place(UnsafeCell::new([MaybeUninit::uninit(); BYTES]));
        // SAFETY: (I47) the place is large enough and aligned, as was just asserted.
        unsafe { (&raw mut place).cast::<T>().write(value) };
        Inline { place, see, owns: PhantomData }
    }

    #[inline(always)]
    fn as_ptr(&self) -> *const U {
        (self.see)(self.place.0.get().cast())
    }

    #[inline(always)]
    fn as_mut_ptr(&mut self) -> *mut U {
        (self.see)((&raw mut self.place).cast())
    }
}

impl<U: ?Sized, const BYTES: usize> Drop for Inline<U, BYTES> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: (I47) the value is in its place, and is dropped only here.
        unsafe { self.as_mut_ptr().drop_in_place() };
    }
}

impl<U: ?Sized, const BYTES: usize> Deref for Inline<U, BYTES> {
    type Target = U;
    #[inline(always)]
    fn deref(&self) -> &U {
        // SAFETY: (I47) the value is in its place, and borrowed with this.
        unsafe { &*self.as_ptr() }
    }
}

impl<U: ?Sized, const BYTES: usize> DerefMut for Inline<U, BYTES> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: (I47) the value is in its place, and borrowed with this.
        unsafe { &mut *self.as_mut_ptr() }
    }
}

acts_as_its_value!([T: ?Sized, const BYTES: usize] Inline<T, BYTES>);

/// Puts a value into an [`Inline`](crate::Inline): `inline!(value => dyn Voice)`.
///
/// ```
/// use memzone::{Inline, inline};
/// use std::fmt::Display;
///
/// let shown: [Inline<dyn Display, 32>; 2] =
///     [inline!(5 => dyn Display), inline!(String::from("five") => dyn Display)];
/// assert_eq!(format!("{} {}", shown[0], shown[1]), "5 five");
/// ```
///
/// # Real-time
///
/// Yes.
#[macro_export]
#[doc(alias = "smallbox")]
macro_rules! inline {
    ($value:expr => $to:ty) => {{
        let value = $value;
        // SAFETY: (I47) the closure returns the pointer that it is given. Nothing but the compiler's own coercion makes
        // a `*mut $to` of it there.
        unsafe { $crate::Inline::<$to, _>::unsized_from(value, |value| -> *mut $to { value }) }
    }};
    ($($other:tt)*) => {
        ::core::compile_error!(
            "expected a value and what it is to be seen as: `inline!(value => dyn Voice)`"
        )
    };
}
