//! A value whose type only its destructor knows, so that values of any type fit into one ring.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

/// The largest value that a [`Retirer`] takes, in bytes: seven words. `Box`, `Arc`, `Vec`, `HBox`
/// and the like have one to six. Put a larger one into a box from the start, and retire the box.
pub const MAX_SIZE: usize = size_of::<Words>();

/// The largest alignment of a value that a [`Retirer`] takes, in bytes.
pub const MAX_ALIGN: usize = align_of::<Erased>();

/// The bytes of any value. As pointers, so that those in it stay pointers.
type Words = [*mut (); 7];

/// A value of a type that only its depub(super) structor knows. With that it fills 64 bytes: a slot of a ring.
#[repr(C, align(16))]
pub(super) struct Erased {
    value: MaybeUninit<Words>,
    drop: unsafe fn(*mut Words),
}

// SAFETY: (I30) `Retirer::retire` alone makes them of values, and takes `Send` ones only.
unsafe impl Send for Erased {}

/// That a `T` has room in a slot. Made where the caller's line is named if it has not.
pub(super) struct FitsSlot<T>(PhantomData<fn(T)>);

impl<T> FitsSlot<T> {
    /// To be called at compile time.
    pub(super) const fn check() -> FitsSlot<T> {
        assert!(
            size_of::<T>() <= MAX_SIZE && align_of::<T>() <= MAX_ALIGN,
            "this value is larger than a slot of a `Retirer` (56 bytes, aligned to 16): \
             put it in a `Box` when it is made, and retire the `Box`"
        );
        FitsSlot(PhantomData)
    }
}

/// Runs the destructor of a `T`.
///
/// # Safety
///
/// `words` begin with a `T` that nobody uses again.
unsafe fn drop_as<T>(words: *mut Words) {
    // SAFETY: (I32) the caller's promise.
    unsafe { words.cast::<T>().drop_in_place() };
}

impl Erased {
    /// To be called with `Send + 'static` values only, as `Retirer::retire` demands.
    #[inline]
    pub(super) fn new<T>(value: T, _: FitsSlot<T>) -> Erased {
        let mut erased = Erased { value: MaybeUninit::uninit(), drop: drop_as::<T> };
        // SAFETY: (I31) it fits, and stands at the start of what is aligned for it.
        unsafe { erased.value.as_mut_ptr().cast::<T>().write(value) };
        erased
    }
}

impl Drop for Erased {
    fn drop(&mut self) {
        // SAFETY: (I32) the value that `new` wrote, of the type it took `drop_as` of. Nothing takes
        // it out, so it is dropped here and only here.
        unsafe { (self.drop)(self.value.as_mut_ptr()) };
    }
}
