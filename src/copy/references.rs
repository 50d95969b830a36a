//! References: the only parts that lead into a zone without owning what is there.

use super::in_place::InPlace;
use super::run::Run;
use super::{DeepCopy, Depth, KeepsLifetimes, Known, Undo, undoing};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::ffi::CStr;

/// References: what they refer to is copied, and a reference of the same kind refers to the copy. `|this| READ` is
/// what such a reference refers to: for a shared one as long as that lives, as the reference may lie in a `Cell`.
macro_rules! references {
    ($([$($kind:tt)*] |$this:ident| $read:expr;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z, 'a, T: DeepCopy<'z>> DeepCopy<'z> for &'a $($kind)* T {
                type Copied = &'z $($kind)* T::Copied;
                const UNWATCHED: bool = T::FLAT;
                const MOVE_IS_COPY: bool = true;
                const IN_PLACE: InPlace<Self> = InPlace::REFERENCE;
                const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
                    KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
                fn undo(known: &mut Known) -> Undo<Self> {
                    Undo::if_parts(T::undo(known).may())
                }
                #[inline]
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    references!(reference $($kind)*)(&**self, to)
                }
                #[inline(always)]
                unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
                    let $this = self;
                    // SAFETY: (I42) the place has room for an address. What is borrowed outlives the run.
                    unsafe { references!(follow $($kind)*)($read, place.cast(), run) }
                }
            }

            #[diagnostic::do_not_recommend]
            impl<'z, 'a, T: DeepCopy<'z>> DeepCopy<'z> for &'a $($kind)* [T] {
                type Copied = &'z $($kind)* [T::Copied];
                const UNWATCHED: bool = T::FLAT;
                const MOVE_IS_COPY: bool = true;
                const IN_PLACE: InPlace<Self> = InPlace::REFERENCE;
                const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
                    KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
                fn undo(known: &mut Known) -> Undo<Self> {
                    Undo::if_parts(T::undo(known).may())
                }
                #[inline]
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    if const { T::IN_PLACE.plain() } {
                        return T::deep_copy_slice(self, to).map(|copied| &$($kind)* *copied);
                    }
                    references!(slice $($kind)*)(&**self, to)
                }
                references!(slice_within $($kind)*, 'z);
                #[inline(always)]
                unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
                    let $this = self;
                    // SAFETY: (I42) the place has room for a slice's address. What is borrowed outlives the run.
                    unsafe { references!(follow_slice $($kind)*)($read, place.cast(), run) }
                }
            }

            #[diagnostic::do_not_recommend]
            impl<'z, 'a> DeepCopy<'z> for &'a $($kind)* str {
                type Copied = &'z $($kind)* str;
                const UNWATCHED: bool = true;
                const MOVE_IS_COPY: bool = true;
                const IN_PLACE: InPlace<Self> = InPlace::REFERENCE;
                const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
                fn undo(_known: &mut Known) -> Undo<Self> {
                    Undo::if_parts(true)
                }
                #[inline]
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    to.try_alloc_str(self).map(|copied| &$($kind)* *copied)
                }
                references!(text_within $($kind)*, 'z);
                #[inline(always)]
                unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
                    let $this = self;
                    // SAFETY: (I42) the place has room for a text's address. What is borrowed outlives the run.
                    unsafe { references!(follow_text $($kind)*)($read, place.cast(), run) }
                }
            }
        )*
    };
    // As a part of another copy, they may be shared.
    (slice_within, $zone:lifetime) => {
        #[inline]
        fn copy_at(&self, to: &$zone Zone, _depth: Depth) -> Result<Self::Copied, ZoneError> {
            match T::IN_PLACE.plain() {
                true => Run::plain_slice(self, to),
                false => Run::slice(self, to),
            }
        }
        #[inline]
        fn move_out(self, to: &$zone Zone) -> Result<Self::Copied, ZoneError> {
            self.copy_at(to, Depth::within())
        }
    };
    (text_within, $zone:lifetime) => {
        #[inline]
        fn copy_at(&self, to: &$zone Zone, _depth: Depth) -> Result<Self::Copied, ZoneError> {
            Run::text(self, to)
        }
        #[inline]
        fn move_out(self, to: &$zone Zone) -> Result<Self::Copied, ZoneError> {
            Run::text(self, to)
        }
    };
    ($within:ident mut, $zone:lifetime) => {};
    (reference) => { Run::reference };
    (reference mut) => { Run::reference_alone };
    (slice) => { Run::slice };
    (slice mut) => { Run::slice_alone };
    (follow) => { Run::follow };
    (follow mut) => { Run::follow_alone };
    (follow_slice) => { Run::follow_slice };
    (follow_slice mut) => { Run::follow_slice_alone };
    (follow_text) => { Run::follow_text };
    (follow_text mut) => { Run::follow_text_alone };
}

references! {
    [] |this| *this;
    [mut] |this| &**this;
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for &CStr {
    type Copied = &'z CStr;
    const UNWATCHED: bool = true;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let copied = to.try_alloc_slice_copy(self.to_bytes_with_nul())?;
        Ok(CStr::from_bytes_with_nul(copied).expect("as it is where it was copied from"))
    }
}

/// What a reference may refer to: each type that knows [`DeepCopy`], slices of such types, `str` and `CStr`.
///
/// [`zcopy_shared`](crate::zcopy_shared) takes such values. The derive asks for it where a type parameter is `?Sized`.
///
/// ```
/// use memzone::{Referent, Zone, zcopy_shared};
///
/// fn kept<'z, T: ?Sized + Referent<'z>>(value: &T, to: &'z Zone) -> &'z T::Copied {
///     zcopy_shared(value, to)
/// }
///
/// let zone = Zone::new(1024);
/// assert_eq!((kept("bass", &zone), kept(&[1, 2][..], &zone)), ("bass", &[1, 2][..]));
/// ```
#[diagnostic::on_unimplemented(
    message = "what a reference to `{Self}` refers to cannot be copied to another zone",
    label = "has no `DeepCopy`, and is no slice or text",
    note = "for a type of your own, add `#[derive(DeepCopy)]`"
)]
pub trait Referent<'z> {
    /// The same type, living in the zone `'z`.
    type Copied: ?Sized + 'z;

    /// Whether the copy's type has the lifetimes of this one, but for the zone's.
    #[doc(hidden)]
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::NO;

    /// A reference to its copy.
    #[doc(hidden)]
    fn copy_referent(&self, to: &'z Zone) -> Result<&'z Self::Copied, ZoneError>;
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> Referent<'z> for T {
    type Copied = T::Copied;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = <T as DeepCopy<'z>>::KEEPS_LIFETIMES;
    #[inline]
    fn copy_referent(&self, to: &'z Zone) -> Result<&'z Self::Copied, ZoneError> {
        undoing::<&Self, _>(to, || DeepCopy::deep_copy(&self, to))
    }
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> Referent<'z> for [T] {
    type Copied = [T::Copied];
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(<T as DeepCopy<'z>>::KEEPS_LIFETIMES.get());
    #[inline]
    fn copy_referent(&self, to: &'z Zone) -> Result<&'z Self::Copied, ZoneError> {
        undoing::<&Self, _>(to, || DeepCopy::deep_copy(&self, to))
    }
}

#[diagnostic::do_not_recommend]
impl<'z> Referent<'z> for str {
    type Copied = str;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
    #[inline]
    fn copy_referent(&self, to: &'z Zone) -> Result<&'z Self::Copied, ZoneError> {
        undoing::<&Self, _>(to, || DeepCopy::deep_copy(&self, to))
    }
}

#[diagnostic::do_not_recommend]
impl<'z> Referent<'z> for CStr {
    type Copied = CStr;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
    #[inline]
    fn copy_referent(&self, to: &'z Zone) -> Result<&'z Self::Copied, ZoneError> {
        undoing::<&Self, _>(to, || DeepCopy::deep_copy(&self, to))
    }
}
