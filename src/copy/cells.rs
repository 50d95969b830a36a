//! Cells: what is in one is copied, into a cell of its own.

#![forbid(unsafe_code)]

use super::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::cell::{Cell, RefCell};

impl<'z, T: Copy + DeepCopy<'z>> DeepCopy<'z> for Cell<T> {
    type Copied = Cell<T::Copied>;
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    #[inline(always)]
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        self.get().copy_at(to, depth).map(Cell::new)
    }
    #[inline(always)]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        self.into_inner().move_out(to).map(Cell::new)
    }
    async fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        work: Work<'s>,
    ) -> Result<Self::Copied, ZoneError>
    where
        'z: 's,
    {
        self.get().move_later(to, work).await.map(Cell::new)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        self.into_inner().move_later(to, work).await.map(Cell::new)
    }
}

impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for RefCell<T> {
    type Copied = RefCell<T::Copied>;
    const FLAT: bool = T::FLAT;
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        self.borrow().deep_copy(to).map(RefCell::new)
    }
    #[inline(always)]
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        self.into_inner().move_out(to).map(RefCell::new)
    }
    async fn move_later<'s>(self, to: &'z Zone, work: Work<'s>) -> Result<Self::Copied, ZoneError>
    where
        Self: 's,
        'z: 's,
    {
        self.into_inner().move_later(to, work).await.map(RefCell::new)
    }
}
