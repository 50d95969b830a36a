//! std's collections. A collection's memory is not a zone's: it moves out of a scope with its memory,
//! and what is in it is copied.

#![forbid(unsafe_code)]

use super::memory::vec;
use super::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::zone::Zone;

pub(crate) fn vec_at<'z, T: DeepCopy<'z>>(
    items: &[T],
    to: &'z Zone,
    depth: Depth,
) -> Result<Vec<T::Copied>, ZoneError> {
    let mut copied = vec(items.len())?;
    for item in items {
        copied.push(depth.follow(item, to)?);
    }
    Ok(copied)
}

pub(crate) async fn vec_later<'s, 'z: 's, T: DeepCopy<'z>>(
    items: &'s [T],
    to: &'z Zone,
    work: Work<'s>,
) -> Result<Vec<T::Copied>, ZoneError> {
    let mut copied = vec(items.len())?;
    for item in items {
        copied.push(work.clone().follow(item, to).await?);
    }
    Ok(copied)
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Vec<T> {
    type Copied = Vec<T::Copied>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        vec_at(self, to, depth)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        // The standard library collects into the vector's own memory where the items' size allows,
        // as it does for everything but types of another size than their copy.
        if T::FLAT {
            return self.into_iter().map(|item| item.move_out(to)).collect();
        }
        Depth::enter(|depth| self.into_iter().map(|item| depth.follow_owned(item, to)).collect())
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        let mut moved = vec(self.len())?;
        for item in self {
            moved.push(work.clone().follow_owned(item, to).await?);
        }
        Ok(moved)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        vec_later(self, to, work).await
    }
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Box<[T]> {
    type Copied = Box<[T::Copied]>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        vec_at(self, to, depth).map(Vec::into_boxed_slice)
    }
    #[inline]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Ok(self.into_vec().move_out(to)?.into_boxed_slice())
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        vec_later(self, to, work).await.map(Vec::into_boxed_slice)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        Ok(self.into_vec().move_later(to, work).await?.into_boxed_slice())
    }
}
