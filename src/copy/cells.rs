//! Cells, and what threads share: what is in one is copied, into one of its own.

use super::in_place::{Hole, alike, inside, runs_as_a_whole, write_around};
use super::run::Run;
use super::{DeepCopy, Depth, InPlace, KeepsLifetimes, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use core::cell::{Cell, OnceCell, RefCell};
use core::sync::atomic::*;
#[cfg(feature = "std")]
use std::sync::OnceLock;

#[diagnostic::do_not_recommend]
impl<'z, T: Copy + DeepCopy<'z>> DeepCopy<'z> for Cell<T> {
    type Copied = Cell<T::Copied>;
    const FLAT: bool = T::FLAT;
    const MOVE_IS_COPY: bool = T::MOVE_IS_COPY;
    const IN_PLACE: InPlace<Self> = InPlace::parts(T::IN_PLACE.readable(), T::IN_PLACE.bits());
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
    #[inline(always)]
    unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
        // A `Cell` lies in memory like what is in it.
        // SAFETY: (I42) the caller's promise. Where the value is a reference, it outlives this copy of it.
        unsafe { run.write(&self.get(), place.cast::<T::Copied>()) }
    }
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        if runs_as_a_whole::<Self>() {
            return Run::copy(self, to);
        }
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
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
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
                const MOVE_IS_COPY: bool = T::MOVE_IS_COPY;
                const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
                    KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());
                // Another thread may fill it just now.
                const IN_PLACE: InPlace<Self> = InPlace::parts(false, false);
                #[inline(always)]
                unsafe fn write_at(&self, place: *mut Self::Copied, run: &mut Run<'z>) -> bool {
                    let Some(value) = self.get() else {
                        // SAFETY: (I42) the caller's promise.
                        unsafe { place.write($cell::new()) };
                        return true;
                    };
                    if !alike::<Self, Self::Copied>() {
                        // SAFETY: (I42) the caller's promise.
                        return unsafe { run.write_by_value(self, place) };
                    }
                    // SAFETY: (I42) nobody writes to a cell that is filled, but for what is in its value.
                    unsafe { write_around(self, place.cast(), &[Hole::of(value)]) };
                    // SAFETY: (I42) `value` lies within this, and the place has as many bytes.
                    let inside = unsafe { inside((&raw const *self).cast(), place.cast(), value) };
                    // SAFETY: (I42) there is room for the value's copy, as the cell's copy lies in memory like the cell
                    // (`alike`).
                    unsafe { run.write(value, inside.cast::<T::Copied>()) }
                }
                fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                    if runs_as_a_whole::<Self>() {
                        return Run::copy(self, to);
                    }
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

filled_once!(OnceCell);
#[cfg(feature = "std")]
filled_once!(OnceLock);

/// What another thread may change meanwhile: the copy has the value of that moment.
macro_rules! atomics {
    ($($atomic:ident),*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<'z> DeepCopy<'z> for $atomic {
                type Copied = Self;
                const FLAT: bool = true;
                const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;
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
