//! memzone's own owners: boxes in zones, and handles of zones.

#![forbid(unsafe_code)]

use super::{DeepCopy, Depth, InPlace, Work};
use crate::error::ZoneError;
use crate::owned::pool::PoolKey;
use crate::owned::zbox::ZBox;
use crate::zone::Zone;

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for ZBox<T> {
    type Copied = ZBox<T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    #[inline]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        to.try_boxed(depth.follow(&**self, to)?)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let value = ZBox::into_inner(self);
        to.try_boxed(Depth::enter(|depth| depth.follow_owned(value, to))?)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        to.try_boxed(work.follow_owned(ZBox::into_inner(self), to).await?)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        to.try_boxed(work.follow(&**self, to).await?)
    }
}

#[diagnostic::do_not_recommend]
impl<'z, T: Copy + DeepCopy<'z, Copied = T> + 'z> DeepCopy<'z> for ZBox<[T]> {
    type Copied = ZBox<[T]>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        to.try_boxed_slice_copy(self)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        if ZBox::zone(&self).raw() == to.raw() { Ok(self) } else { self.deep_copy(to) }
    }
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for Zone {
    type Copied = Zone;
    fn deep_copy(&self, _to: &'z Zone) -> Result<Zone, ZoneError> {
        self.try_clone()
    }
    fn move_out(self, _to: &'z Zone) -> Result<Zone, ZoneError> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for PoolKey {
    crate::copy::ways::flat_items!('z);
    const IN_PLACE: InPlace<Self> = InPlace::PLAIN;
}
