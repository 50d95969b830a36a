//! Owners of memory that is no zone's: texts, boxes, counted pointers. They move out of a scope as
//! they are; where they are copied, they are cloned with an error in place of an abort.

#![forbid(unsafe_code)]

use super::memory::string;
use super::same::Holder;
use super::ways::by_parts;
use super::{DeepCopy, Depth, Keep, Known, Undo, Work, reuse};
use crate::error::ZoneError;
use crate::zone::Zone;
use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::string::String;
#[cfg(target_has_atomic = "ptr")]
use alloc::sync::Arc;
use core::pin::Pin;

/// Types that own memory which is no zone's, or share it: they move, and are cloned otherwise.
macro_rules! owners {
    ($([$($parameter:tt)*] $type:ty $(, $bytes:expr)?;)*) => {
        $(#[diagnostic::do_not_recommend]
        impl<'z, $($parameter)*> DeepCopy<'z> for $type {
            type Copied = Self;
            const KEEPS_LIFETIMES: $crate::copy::KeepsLifetimes<Self> = $crate::copy::KeepsLifetimes::YES;
            fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                $($crate::copy::memory::ask($bytes(self))?;)?
                Ok(self.clone())
            }
            #[inline(always)]
            fn move_out(self, _to: &'z Zone) -> Result<Self, ZoneError> {
                Ok(self)
            }
            fn same<H: $crate::copy::Holder>(held: H::Of<Self>) -> Result<H::Of<Self>, H::Of<Self>> {
                Ok(held)
            }
        })*
    };
}
pub(super) use owners;

owners! {
    [] alloc::ffi::CString, |text: &core::ffi::CStr| text.count_bytes() + 1;
    [T: Clone + 'z] Keep<T>;
    [T: ?Sized + 'z] Rc<T>;
    [T: ?Sized + 'z] alloc::rc::Weak<T>;
    [] Box<core::ffi::CStr>, |text: &core::ffi::CStr| text.count_bytes() + 1;
    [] core::task::Waker;
    [T: 'z] core::hash::BuildHasherDefault<T>;
}

#[cfg(target_has_atomic = "ptr")]
owners! {
    [T: ?Sized + 'z] Arc<T>;
    [T: ?Sized + 'z] alloc::sync::Weak<T>;
}

#[cfg(feature = "std")]
owners! {
    [] std::path::PathBuf, |path: &std::path::Path| path.as_os_str().len();
    [] std::ffi::OsString, |text: &std::ffi::OsStr| text.len();
    [] Box<std::path::Path>, |path: &std::path::Path| path.as_os_str().len();
    [] Box<std::ffi::OsStr>, |text: &std::ffi::OsStr| text.len();
    [] std::thread::Thread;
    [T: 'z] std::sync::mpsc::Sender<T>;
    [T: 'z] std::sync::mpsc::SyncSender<T>;
    [] std::hash::RandomState;
    [] std::hash::DefaultHasher;
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for String {
    type Copied = String;
    fn undo(_known: &mut Known) -> Undo<Self> {
        Undo::if_parts(true)
    }
    fn deep_copy(&self, _to: &'z Zone) -> Result<String, ZoneError> {
        string(self)
    }
    #[inline(always)]
    fn move_out(self, _to: &'z Zone) -> Result<String, ZoneError> {
        Ok(self)
    }
    fn same<H: Holder>(held: H::Of<Self>) -> Result<H::Of<Self>, H::Of<Self>> {
        Ok(held)
    }
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for Box<str> {
    type Copied = Box<str>;
    fn undo(_known: &mut Known) -> Undo<Self> {
        Undo::if_parts(true)
    }
    fn deep_copy(&self, _to: &'z Zone) -> Result<Box<str>, ZoneError> {
        string(self).map(String::into_boxed_str)
    }
    #[inline(always)]
    fn move_out(self, _to: &'z Zone) -> Result<Box<str>, ZoneError> {
        Ok(self)
    }
    fn same<H: Holder>(held: H::Of<Self>) -> Result<H::Of<Self>, H::Of<Self>> {
        Ok(held)
    }
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Box<T> {
    type Copied = Box<T::Copied>;
    fn undo(known: &mut Known) -> Undo<Self> {
        Undo::if_parts(T::undo(known).may())
    }
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        reuse::try_box(depth.follow(&**self, to)?)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let (value, emptied) = reuse::empty(self);
        let moved = Depth::enter(|depth| depth.follow_owned(value, to))?;
        Ok(emptied.fill(moved))
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        let (value, emptied) = reuse::empty(self);
        Ok(emptied.fill(work.follow_owned(value, to).await?))
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        reuse::try_box(work.follow(&**self, to).await?)
    }
}

/// What is pinned cannot be moved to its copy: it is copied, unless it stays as it is.
#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Pin<Box<T>> {
    type Copied = Pin<Box<T::Copied>>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        reuse::try_box(depth.follow(&**self, to)?).map(Box::into_pin)
    }
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        struct Pinned;
        impl Holder for Pinned {
            type Of<T> = Pin<Box<T>>;
        }
        T::same::<Pinned>(self).or_else(|pinned| pinned.deep_copy(to))
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        reuse::try_box(work.follow(&**self, to).await?).map(Box::into_pin)
    }
}

/// What is borrowed is copied to the zone and borrowed there; what is owned stays owned.
#[diagnostic::do_not_recommend]
impl<'z, 'a, B, C> DeepCopy<'z> for Cow<'a, B>
where
    B: ToOwned<Owned: DeepCopy<'z>> + ?Sized,
    C: ToOwned<Owned = <B::Owned as DeepCopy<'z>>::Copied> + ?Sized + 'z,
    &'a B: DeepCopy<'z, Copied = &'z C>,
{
    type Copied = Cow<'z, C>;
    by_parts!('z, flat: false, |this| match this {
        Cow::Borrowed(borrowed) => Cow::Borrowed(part!(borrowed)),
        Cow::Owned(owned) => Cow::Owned(part!(owned)),
    });
}
