//! Deep copies of an `HBox`. The copy is on the system's heap again.

#![forbid(unsafe_code)]

use super::halloc::try_halloc;
use super::hbox::HBox;
use crate::copy::{DeepCopy, Depth, Work, vec_at, vec_later};
use crate::error::ZoneError;
use crate::zone::Zone;

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for HBox<T> {
    type Copied = HBox<T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        try_halloc(depth.follow(&**self, to)?)
    }
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        HBox::into_box(self).move_out(to).map(HBox::from_box)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        try_halloc(work.follow(&**self, to).await?)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        HBox::into_box(self).move_later(to, work).await.map(HBox::from_box)
    }
}

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for HBox<[T]> {
    type Copied = HBox<[T::Copied]>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        vec_at(self, to, depth).map(|items| HBox::from_box(items.into_boxed_slice()))
    }
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        HBox::into_box(self).move_out(to).map(HBox::from_box)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        vec_later(self, to, work).await.map(|items| HBox::from_box(items.into_boxed_slice()))
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        HBox::into_box(self).move_later(to, work).await.map(HBox::from_box)
    }
}
