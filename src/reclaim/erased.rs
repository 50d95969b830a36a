//! A value whose type only its destructor knows, so that values of any type fit into one ring.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

/// The largest value that a [`Retirer`](super::Retirer) takes, in bytes. It is 56 bytes. `Box`, `Arc`, `Vec`, `HBox`
/// and similar types have one to six. Put a larger value into a box when you make it, and retire the box.
pub const MAX_SIZE: usize = size_of::<Words>();

/// The largest alignment of a value that a [`Retirer`](super::Retirer) takes, in bytes.
pub const MAX_ALIGN: usize = align_of::<Erased>();

/// Room for the bytes of any value. They are stored as pointers, so that pointers in the value stay pointers.
type Words = [*mut (); 56 / size_of::<*mut ()>()];

/// A value whose type only its destructor knows. Together they fill 64 bytes, which is a slot of a ring.
#[repr(C, align(16))]
pub(super) struct Erased {
    value: MaybeUninit<Words>,
    drop: unsafe fn(*mut Words),
}

// SAFETY: (I30) only `Retirer::retire` makes these from values, and it takes `Send` values only.
unsafe impl Send for Erased {}

/// Proof that a `T` fits into a slot. If it does not, making the proof is a compile error at the caller's line.
pub(super) struct FitsSlot<T>(PhantomData<fn(T)>);

impl<T> FitsSlot<T> {
    /// Must be called at compile time.
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
/// I32: `words` begins with a `T` that nobody uses again.
unsafe fn drop_as<T>(words: *mut Words) {
    // SAFETY: (I32) the caller's promise.
    unsafe { words.cast::<T>().drop_in_place() };
}

impl Erased {
    /// Must be called with `Send + 'static` values only, which `Retirer::retire` demands.
    #[inline]
    pub(super) fn new<T>(value: T, _: FitsSlot<T>) -> Erased {
        let mut erased = Erased { value: MaybeUninit::uninit(), drop: drop_as::<T> };
        // SAFETY: (I31) the value fits, and it lies at the start of memory that is aligned for it.
        unsafe { erased.value.as_mut_ptr().cast::<T>().write(value) };
        erased
    }
}

impl Drop for Erased {
    fn drop(&mut self) {
        // SAFETY: (I32) this is the value that `new` wrote, and `drop` is `drop_as` for its type. Nothing takes the
        // value out, so it is dropped here and nowhere else.
        unsafe { (self.drop)(self.value.as_mut_ptr()) };
    }
}
