//! References: the only parts that lead into a zone without owning what is there.

#![forbid(unsafe_code)]

use super::{DeepCopy, Depth, Known, Undo, Work, later};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::ffi::CStr;

/// References: what they refer to is copied, and a reference of the same kind refers to the copy.
macro_rules! references {
    ($([$($kind:tt)*])*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z, 'a, T: DeepCopy<'z>> DeepCopy<'z> for &'a $($kind)* T {
                type Copied = &'z $($kind)* T::Copied;
                const UNWATCHED: bool = T::FLAT;
                fn undo(known: &mut Known) -> Undo<Self> {
                    Undo::if_parts(T::undo(known).may())
                }
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    Depth::enter(|depth| self.copy_at(to, depth))
                }
                #[inline]
                fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                    match later::reference_at(&**self, to, depth) {
                        Some(copied) => Ok(&$($kind)* *copied),
                        None => Err(later::LEFT_BEHIND),
                    }
                }
                async fn copy_later<'s>(
                    &'s self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    'z: 's,
                {
                    let copied = work.follow(&**self, to).await?;
                    Ok(&$($kind)* *to.try_alloc(copied)?)
                }
                async fn move_later<'s>(
                    self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    Self: 's,
                    'z: 's,
                {
                    let target: &'s T = self;
                    let copied = work.follow(target, to).await?;
                    Ok(&$($kind)* *to.try_alloc(copied)?)
                }
            }

            #[diagnostic::do_not_recommend]
            impl<'z, 'a, T: DeepCopy<'z>> DeepCopy<'z> for &'a $($kind)* [T] {
                type Copied = &'z $($kind)* [T::Copied];
                const UNWATCHED: bool = T::FLAT;
                fn undo(known: &mut Known) -> Undo<Self> {
                    Undo::if_parts(T::undo(known).may())
                }
                #[inline]
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    if T::FLAT {
                        return T::deep_copy_slice(self, to).map(|copied| &$($kind)* *copied);
                    }
                    Depth::enter(|depth| self.copy_at(to, depth))
                }
                #[inline]
                fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                    depth.follow_slice(&**self, to).map(|copied| &$($kind)* *copied)
                }
                async fn copy_later<'s>(
                    &'s self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    'z: 's,
                {
                    Ok(&$($kind)* *work.follow_slice(&**self, to).await?)
                }
                async fn move_later<'s>(
                    self,
                    to: &'z Zone,
                    work: Work<'s>,
                ) -> Result<Self::Copied, ZoneError>
                where
                    Self: 's,
                    'z: 's,
                {
                    let items: &'s [T] = self;
                    Ok(&$($kind)* *work.follow_slice(items, to).await?)
                }
            }

            #[diagnostic::do_not_recommend]
            impl<'z, 'a> DeepCopy<'z> for &'a $($kind)* str {
                type Copied = &'z $($kind)* str;
                const UNWATCHED: bool = true;
                fn undo(_known: &mut Known) -> Undo<Self> {
                    Undo::if_parts(true)
                }
                #[inline]
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    to.try_alloc_str(self).map(|copied| &$($kind)* *copied)
                }
            }
        )*
    };
}

references!([] [mut]);

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for &CStr {
    type Copied = &'z CStr;
    const UNWATCHED: bool = true;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let copied = to.try_alloc_slice_copy(self.to_bytes_with_nul())?;
        Ok(CStr::from_bytes_with_nul(copied).expect("as it is where it was copied from"))
    }
}

/// What a reference may refer to: what it becomes in another zone, where that need not be sized. The derive asks for
/// it where a type parameter is `?Sized`.
#[diagnostic::on_unimplemented(
    message = "what a reference to `{Self}` refers to cannot be copied to another zone",
    label = "has no `DeepCopy`, and is no slice or text",
    note = "for a type of your own, add `#[derive(DeepCopy)]`"
)]
pub trait Referent<'z> {
    /// The same type, living in the zone `'z`.
    type Copied: ?Sized + 'z;
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> Referent<'z> for T {
    type Copied = T::Copied;
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> Referent<'z> for [T] {
    type Copied = [T::Copied];
}

#[diagnostic::do_not_recommend]
impl<'z> Referent<'z> for str {
    type Copied = str;
}

#[diagnostic::do_not_recommend]
impl<'z> Referent<'z> for CStr {
    type Copied = CStr;
}
