//! What a type promises of being copied into its place, and how much two types are alike.
//!
//! A copy is written to where it will lie, part by part, before the values that its references lead to are there. So
//! there must be no reference to such a value yet: only the bits of its address are written (I42). `DeepCopy` is safe to
//! implement, so who writes like that must promise something. The promise is a constant that only memzone itself makes,
//! or an `unsafe` call that the derive writes. An `unsafe` method alone would be no promise, as safe code may override it.
//!
//! The derive writes paths into memzone, and a program may lead those elsewhere. So its `unsafe` code relies on no path:
//! what it relies on are methods of the values that `DeepCopy`'s own methods hand in, and values of types that only
//! memzone makes (`InPlace`, `Undo`, `Flat`, `Written`, `Made`, `Later`, `Hole`), of which safe code gets none. That the trait
//! is memzone's own is shown by a type with `Genuine` (I44).

use super::keep::Flat;
use super::{DeepCopy, Referent};
use core::any::TypeId;
use core::marker::PhantomData;
use core::mem::needs_drop;

/// Shows that the trait which the derive implements is memzone's own (I44).
///
/// The derive's `unsafe` calls promise something of `DeepCopy`. The derive finds that trait by a path, and a program may lead
/// the path to a trait of its own, whose implementation says nothing of memzone's. So each such call wants a type that
/// has this trait. The derive makes one, whose method has the bound `DeepCopy` by the same path. The compiler accepts no
/// bound that the method here does not have.
#[diagnostic::on_unimplemented(
    message = "the path to memzone leads to something else",
    label = "derived by the path in `#[deep_copy(crate = ..)]`, or by `::memzone`"
)]
pub trait Genuine {
    #[doc(hidden)]
    fn check<'z, T: DeepCopy<'z>>();
}

/// What a type promises.
pub struct InPlace<T: ?Sized> {
    trusted: bool,
    readable: bool,
    bits: bool,
    plain: bool,
    of: PhantomData<fn(*const T) -> *const T>,
}

impl<T: ?Sized> InPlace<T> {
    /// Nothing. Its values are copied by value, and then put into their places.
    pub(super) const NO: InPlace<T> =
        InPlace { trusted: false, readable: false, bits: false, plain: false, of: PhantomData };

    /// That of one of memzone's own types with parts: `write_at` may be called.
    pub(crate) const fn parts(readable: bool, bits: bool) -> InPlace<T> {
        InPlace { trusted: true, readable, bits, plain: false, of: PhantomData }
    }

    /// That of a reference.
    pub(super) const REFERENCE: InPlace<T> = Self::parts(true, false);

    /// That of plain data, which is `Copy`.
    pub(super) const PLAIN: InPlace<T> =
        InPlace { trusted: true, readable: true, bits: true, plain: true, of: PhantomData };

    /// `write_at` may be called. What follows says what its parts are.
    ///
    /// # Safety
    ///
    /// I42: the type's `write_at` runs no code but what writes its parts. If it returns true, it has written the whole
    /// value, but for what its references lead to. All parts are named by `and`, `and_flat`, `and_marker` or `and_kept`.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const unsafe fn derived<G: Genuine>() -> InPlace<T> {
        Self::parts(true, true)
    }

    /// A part that is copied. What its type promises is what only that type's own constant can say. It says it of copies
    /// of the type `C`, and so the field at that place in this type's copy must be a `C`.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn and<'z, P, C>(
        self,
        part: Promise<P, C>,
        _at: fn(&mut T::Copied, Look) -> Place<C>,
    ) -> InPlace<T>
    where
        T: DeepCopy<'z> + Sized,
    {
        let (readable, bits) = (self.readable && part.of.readable, self.bits && part.of.bits);
        InPlace { readable, bits, ..self.of_parts() }
    }

    /// A part that is `Copy`, and passed on as it is, to a field of its type.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn and_flat<'z, P>(
        self,
        _part: Flat<P>,
        _at: fn(&mut T::Copied, Look) -> Place<P>,
    ) -> InPlace<T>
    where
        T: DeepCopy<'z> + Sized,
    {
        self
    }

    /// A part that holds nothing.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn and_marker<M: ?Sized>(self, _part: Option<PhantomData<M>>) -> InPlace<T> {
        self
    }

    /// A part that is cloned, to a field of its type.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn and_kept<'z, P>(self, _at: fn(&mut T::Copied, Look) -> Place<P>) -> InPlace<T>
    where
        T: DeepCopy<'z> + Sized,
    {
        InPlace { readable: false, bits: false, ..self.of_parts() }
    }

    /// The same for a type with parts. Plain data has promised nothing of `write_at`, and has no parts that are copied.
    const fn of_parts(self) -> InPlace<T> {
        InPlace { trusted: self.trusted && !self.plain, plain: false, ..self }
    }

    /// That of a `Copy` type that is its own copy, in every zone.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn flat() -> InPlace<T>
    where
        T: for<'z> DeepCopy<'z, Copied = T> + Copy + 'static,
    {
        Self::PLAIN
    }

    /// Whether moving a value is a run that copies it.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub const fn is_moved_by_a_run<'z>(self) -> bool
    where
        T: DeepCopy<'z> + Sized,
    {
        T::MOVE_IS_COPY && runs_as_a_whole::<T>()
    }

    /// Whether `write_at` may be called.
    #[inline(always)]
    pub(super) const fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// Whether the bytes of a value may be read while others have references to it. No other thread writes to them.
    #[inline(always)]
    pub(super) const fn readable(&self) -> bool {
        self.readable
    }

    /// Whether a copy of a value's bytes is a copy of the value, if its type is alike.
    #[inline(always)]
    pub(super) const fn bits(&self) -> bool {
        self.bits
    }

    /// Whether the same is true, and values never change.
    #[inline(always)]
    pub(super) const fn plain(&self) -> bool {
        self.plain
    }
}

/// What a type promises of its copies, which are of the type `C`. Only memzone makes it, where they are (I45).
pub struct Promise<P, C> {
    of: InPlace<P>,
    copies: PhantomData<fn(C) -> C>,
}

impl<P, C> Promise<P, C> {
    /// That of a type whose copies are of the type `C`.
    pub(super) const fn new<'z>(of: InPlace<P>) -> Promise<P, C>
    where
        P: DeepCopy<'z, Copied = C>,
    {
        Promise { of, copies: PhantomData }
    }
}

/// With it a function says which type a field has, by its own types: there is none, so the function is never called.
pub struct Look(core::convert::Infallible);

impl Look {
    /// The type of a field.
    ///
    /// # Real-time
    ///
    /// Yes: it is never called.
    pub fn at<X>(self, _field: &mut X) -> Place<X> {
        match self.0 {}
    }

    /// Another variant, which has no such field.
    ///
    /// # Real-time
    ///
    /// Yes: it is never called.
    pub fn elsewhere<X>(self) -> Place<X> {
        match self.0 {}
    }
}

/// The type of a field, for the compiler to compare. Neither a coercion nor a lifetime makes another one of it (I45).
pub struct Place<X>(PhantomData<fn(X) -> X>);

/// Whether a type's copy is the same type, with the zone's lifetime in place of the one that it lives for, and with all
/// other lifetimes that it has (I43).
///
/// References may give one value two types that differ in lifetimes, where the type is covariant. Its copy may not have
/// them both if that is of another type, to which something of the shorter lifetime may be written. Only an
/// implementation that is written by hand has such a copy, and what is made of its type.
pub struct KeepsLifetimes<T: ?Sized> {
    keeps: bool,
    of: PhantomData<fn(*const T) -> *const T>,
}

impl<T: ?Sized> KeepsLifetimes<T> {
    /// It may have others.
    pub(super) const NO: KeepsLifetimes<T> = Self::if_parts(false);

    /// It has the same ones, as there are no parts whose copies are of another type.
    pub(crate) const YES: KeepsLifetimes<T> = Self::if_parts(true);

    /// It has the same ones if this is so for all parts. For memzone's own implementations.
    pub(crate) const fn if_parts(keeps: bool) -> KeepsLifetimes<T> {
        KeepsLifetimes { keeps, of: PhantomData }
    }

    /// It has the same ones, as each value is its own copy in every zone.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn unchanged() -> KeepsLifetimes<T>
    where
        T: for<'z> DeepCopy<'z, Copied = T> + Sized,
    {
        Self::YES
    }

    /// It has the same ones if this is so for its type parameters, which are named by `and`.
    ///
    /// # Safety
    ///
    /// I43: the copy is of the same type, with the copies' types in place of the parameters that are named.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const unsafe fn derived<G: Genuine>() -> KeepsLifetimes<T> {
        Self::YES
    }

    /// A parameter that becomes its copy's type, which is `C`.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn and<'z, P: ?Sized + Referent<'z, Copied = C>, C: ?Sized>(
        self,
        parameter: KeepsLifetimes<P>,
    ) -> KeepsLifetimes<T> {
        Self::if_parts(self.keeps && parameter.keeps)
    }

    /// The answer.
    #[inline(always)]
    pub(crate) const fn get(&self) -> bool {
        self.keeps
    }
}

/// What tells types apart that differ in more than lifetimes.
#[inline(always)]
pub(crate) fn id<T: ?Sized>() -> TypeId {
    trait Named {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T: ?Sized> Named for PhantomData<T> {
        #[inline(always)]
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let name: &dyn Named = &PhantomData::<T>;
    // SAFETY: (I42) the two types differ in a lifetime that no code depends on: a `PhantomData` holds nothing.
    let name = unsafe { core::mem::transmute::<&dyn Named, &(dyn Named + 'static)>(name) };
    name.id()
}

/// Whether two types are the same but for lifetimes. So their values lie in memory alike. Known at compile time.
///
/// # Real-time
///
/// Yes.
#[inline(always)]
pub(super) fn alike<T, U>() -> bool {
    size_of::<T>() == size_of::<U>() && align_of::<T>() == align_of::<U>() && id::<T>() == id::<U>()
}

/// Whether a type is copied by a run as a whole. Else its parts are copied one by one, each reference by its own run.
///
/// # Real-time
///
/// Yes.
#[inline(always)]
pub(crate) const fn runs_as_a_whole<'z, T: DeepCopy<'z>>() -> bool {
    !T::FLAT && T::IN_PLACE.is_trusted() && !needs_drop::<T::Copied>()
}

/// A part of a value whose bytes may not be read: its address, and how many these are.
pub struct Hole(pub(super) *const u8, pub(super) usize);

impl Hole {
    /// A part's bytes, if they may not be read.
    #[inline(always)]
    pub(super) fn of<'z, T: DeepCopy<'z>>(part: &T) -> Hole {
        let bytes = if T::IN_PLACE.readable() { 0 } else { size_of::<T>() };
        Hole((&raw const *part).cast(), bytes)
    }
}

/// The place of a part in a copy, which lies where the part lies in the value.
///
/// # Safety
///
/// I42: `part` is in the value at `from`, and `place` has room for a value of that type.
///
/// # Real-time
///
/// Yes.
#[inline(always)]
pub(super) unsafe fn inside<P>(from: *const u8, place: *mut u8, part: &P) -> *mut P {
    let offset = (&raw const *part).addr().wrapping_sub(from.addr());
    // SAFETY: (I42) the caller's promise: it is within the value.
    unsafe { place.add(offset) }.cast::<P>()
}

/// Writes a value's bytes, but for those of the holes. So the copy is of the variant that the value is of, once its
/// holes are filled: what says which variant it is lies in no other variant's fields.
///
/// # Safety
///
/// I42: `place` has room for a `T`. Outside of the holes nobody writes to the value.
///
/// # Real-time
///
/// Yes.
#[inline(always)]
pub(super) unsafe fn write_around<T>(value: &T, place: *mut u8, holes: &[Hole]) {
    if holes.iter().all(|hole| hole.1 == 0) {
        // SAFETY: (I42) the caller's promise; as `MaybeUninit`, the bytes need no meaning.
        unsafe { place.cast::<T>().copy_from_nonoverlapping(value, 1) };
        return;
    }
    /// Byte by byte, which is seldom needed.
    ///
    /// # Safety
    ///
    /// That of `write_around`.
    #[inline(never)]
    unsafe fn write_bytes(from: *const u8, size: usize, place: *mut u8, holes: &[Hole]) {
        for index in 0..size {
            let at = from.wrapping_add(index);
            if holes.iter().any(|&Hole(hole, bytes)| at.addr().wrapping_sub(hole.addr()) < bytes) {
                continue;
            }
            // SAFETY: (I42) `index < size`.
            let to = unsafe { place.add(index) };
            // SAFETY: (I42) nobody writes to this byte.
            unsafe {
                to.cast::<core::mem::MaybeUninit<u8>>().copy_from_nonoverlapping(at.cast(), 1)
            };
        }
    }
    // SAFETY: (I42) the caller's promise.
    unsafe { write_bytes((&raw const *value).cast(), size_of::<T>(), place, holes) };
}
