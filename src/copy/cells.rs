//! Cells, and what threads share: what is in one is copied, into one of its own.

#![forbid(unsafe_code)]

use super::{DeepCopy, Depth, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::cell::{Cell, OnceCell, RefCell};
use core::sync::atomic::*;
use std::sync::OnceLock;

#[diagnostic::do_not_recommend]
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
    fn undo(known: &mut Known) -> Undo<Self> {
        Undo::if_parts(T::undo(known).may())
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

#[diagnostic::do_not_recommend]
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

/// Cells that are filled once: `$get` of one is what it holds, if it is filled.
macro_rules! filled_once {
    ($($cell:ident),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for $cell<T> {
                type Copied = $cell<T::Copied>;
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    Depth::enter(|depth| self.copy_at(to, depth))
                }
                fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                    match self.get() {
                        Some(value) => value.copy_at(to, depth).map($cell::from),
                        None => Ok($cell::new()),
                    }
                }
                fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    match self.into_inner() {
                        Some(value) => value.move_out(to).map($cell::from),
                        None => Ok($cell::new()),
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
                    match self.get() {
                        Some(value) => value.copy_later(to, work).await.map($cell::from),
                        None => Ok($cell::new()),
                    }
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
                    match self.into_inner() {
                        Some(value) => value.move_later(to, work).await.map($cell::from),
                        None => Ok($cell::new()),
                    }
                }
            }
        )*
    };
}

filled_once!(OnceCell, OnceLock);

/// What another thread may change meanwhile: the copy has the value of that moment.
macro_rules! atomics {
    ($($atomic:ident),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z> DeepCopy<'z> for $atomic {
                type Copied = Self;
                const FLAT: bool = true;
                #[inline(always)]
                fn deep_copy(&self, _to: &'z Zone) -> Result<Self, ZoneError> {
                    Ok($atomic::new(self.load(Ordering::Acquire)))
                }
                #[inline(always)]
                fn move_out(self, _to: &'z Zone) -> Result<Self, ZoneError> {
                    Ok(self)
                }
            }
        )*
    };
}

atomics!(AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicUsize);
atomics!(AtomicI8, AtomicI16, AtomicI32, AtomicIsize);
#[cfg(target_has_atomic = "64")]
atomics!(AtomicU64, AtomicI64);
