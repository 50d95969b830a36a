//! Owners of memory that is no zone's: texts, boxes, counted pointers. They move out of a scope as
//! they are; where they are copied, they are cloned with an error in place of an abort.

#![forbid(unsafe_code)]

use super::memory::{ask, string};
use super::{DeepCopy, Depth, Keep, Work, reuse};
use crate::error::ZoneError;
use crate::zone::Zone;
use std::rc::Rc;
use std::sync::Arc;

/// Types that own memory which is no zone's, or share it: they move, and are cloned otherwise.
macro_rules! owners {
    ($([$($parameter:tt)*] $type:ty $(, $bytes:expr)?;)*) => {
        $(impl<'z, $($parameter)*> DeepCopy<'z> for $type {
            type Copied = Self;
            fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                $(ask($bytes(self))?;)?
                Ok(self.clone())
            }
            #[inline(always)]
            fn move_out(self, _to: &'z Zone) -> Result<Self, ZoneError> {
                Ok(self)
            }
        })*
    };
}

owners! {
    [] std::path::PathBuf, |path: &std::path::Path| path.as_os_str().len();
    [] std::ffi::OsString, |text: &std::ffi::OsStr| text.len();
    [] std::ffi::CString, |text: &std::ffi::CStr| text.count_bytes() + 1;
    [T: Clone + 'z] Keep<T>;
    [T: ?Sized + 'z] Rc<T>;
    [T: ?Sized + 'z] Arc<T>;
    [T: ?Sized + 'z] std::rc::Weak<T>;
    [T: ?Sized + 'z] std::sync::Weak<T>;
}

impl<'z> DeepCopy<'z> for String {
    type Copied = String;
    fn deep_copy(&self, _to: &'z Zone) -> Result<String, ZoneError> {
        string(self)
    }
    #[inline(always)]
    fn move_out(self, _to: &'z Zone) -> Result<String, ZoneError> {
        Ok(self)
    }
}

impl<'z> DeepCopy<'z> for Box<str> {
    type Copied = Box<str>;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Box<str>, ZoneError> {
        string(self).map(String::into_boxed_str)
    }
    #[inline(always)]
    fn move_out(self, _to: &'z Zone) -> Result<Box<str>, ZoneError> {
        Ok(self)
    }
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Box<T> {
    type Copied = Box<T::Copied>;
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
