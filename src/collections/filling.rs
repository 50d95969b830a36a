//! What all collections need to be copied: room in a zone that is filled with items before it becomes a vector, and
//! the two kinds of handles.

use crate::copy::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use crate::zone::places::Return;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::NonNull;
use core::slice;

/// Room in a zone that is filled with items from the start on. If it is dropped before it becomes a vector, it drops
/// its items and gives its room back.
pub(super) struct Filling<'z, T> {
    start: NonNull<T>,
    len: usize,
    room: usize,
    zone: &'z Zone,
}

impl<'z, T> Filling<'z, T> {
    #[inline]
    pub(super) fn new(room: usize, zone: &'z Zone) -> Result<Self, ZoneError> {
        let start = zone.places::<Return, T>(room, align_of::<T>())?;
        Ok(Filling { start, len: 0, room, zone })
    }

    /// Takes items as long as there is room. It stops at the first error.
    #[inline]
    fn extend(
        &mut self,
        mut items: impl Iterator<Item = Result<T, ZoneError>>,
    ) -> Result<(), ZoneError> {
        for index in self.len..self.room {
            let Some(item) = items.next() else { break };
            let item = item?;
            // SAFETY: (I6) `index < room`.
            let place = unsafe { self.start.add(index) };
            // SAFETY: (I2) the place is in our room, and is not filled yet.
            unsafe { place.write(item) };
            self.len = index + 1;
        }
        Ok(())
    }

    fn push(&mut self, item: T) {
        let mut item = Some(Ok(item));
        let Ok(()) = self.extend(core::iter::from_fn(|| item.take())) else {
            unreachable!("no item is an error")
        };
    }

    /// Gives the items to the caller: their address, their number, and the number of items that there is room for.
    pub(super) fn into_parts(self) -> (NonNull<T>, usize, usize) {
        let this = ManuallyDrop::new(self);
        (this.start, this.len, this.room)
    }
}

impl<T> Drop for Filling<'_, T> {
    fn drop(&mut self) {
        let items = NonNull::slice_from_raw_parts(self.start, self.len);
        // SAFETY: (I7) the first `len` places are filled, and nobody else uses them.
        unsafe { items.drop_in_place() };
        // SAFETY: (I1) the items are gone, and nobody else knows their places.
        unsafe { self.zone.header().give_back(self.start.cast(), self.room * size_of::<T>()) };
    }
}

/// Copies plain data.
///
/// This is a function of its own so that the optimiser knows that the two slices do not overlap, and makes a `memcpy`
/// of the loop.
#[inline(never)]
fn copy_flat<'z, T: DeepCopy<'z>>(
    items: &[T],
    places: &mut [MaybeUninit<T::Copied>],
    to: &'z Zone,
    depth: Depth,
) -> Result<(), ZoneError> {
    for (place, item) in places.iter_mut().zip(items) {
        place.write(item.copy_at(to, depth)?);
    }
    Ok(())
}

#[inline]
pub(super) fn copy<'z, T: DeepCopy<'z>>(
    items: &[T],
    to: &'z Zone,
    depth: Depth,
) -> Result<Filling<'z, T::Copied>, ZoneError> {
    let mut filling = Filling::new(items.len(), to)?;
    if T::FLAT {
        let start = filling.start.cast::<MaybeUninit<T::Copied>>();
        // SAFETY: (I2) there is room for this many items. (I7) `MaybeUninit` needs no initialisation.
        let places = unsafe { slice::from_raw_parts_mut(start.as_ptr(), items.len()) };
        copy_flat(items, places, to, depth)?;
        filling.len = items.len();
    } else {
        filling.extend(items.iter().map(|item| depth.follow(item, to)))?;
    }
    Ok(filling)
}

#[inline]
pub(super) fn move_all<'z, T: DeepCopy<'z>>(
    items: impl ExactSizeIterator<Item = T>,
    to: &'z Zone,
) -> Result<Filling<'z, T::Copied>, ZoneError> {
    Depth::enter(|depth| {
        let mut filling = Filling::new(items.len(), to)?;
        filling.extend(items.map(|item| depth.follow_owned(item, to)))?;
        Ok(filling)
    })
}

pub(super) async fn copy_later<'s, 'z: 's, T: DeepCopy<'z>>(
    items: &'s [T],
    to: &'z Zone,
    work: Work<'s>,
) -> Result<Filling<'z, T::Copied>, ZoneError> {
    let mut filling = Filling::new(items.len(), to)?;
    for item in items {
        filling.push(work.clone().follow(item, to).await?);
    }
    Ok(filling)
}

pub(super) async fn move_later<'s, 'z: 's, T: DeepCopy<'z> + 's>(
    items: impl ExactSizeIterator<Item = T>,
    to: &'z Zone,
    work: Work<'s>,
) -> Result<Filling<'z, T::Copied>, ZoneError> {
    let mut filling = Filling::new(items.len(), to)?;
    for item in items {
        filling.push(work.clone().follow_owned(item, to).await?);
    }
    Ok(filling)
}

/// Puts one value into a zone, for a box.
#[inline]
pub(super) fn single<T>(value: T, zone: &Zone) -> Result<NonNull<T>, ZoneError> {
    let mut filling = Filling::new(1, zone)?;
    filling.push(value);
    Ok(filling.into_parts().0)
}

/// The handle for a collection that borrows its zone.
#[inline]
pub(super) fn borrowed(zone: &Zone) -> Result<&Zone, ZoneError> {
    Ok(zone)
}

/// The handle for a collection that keeps its zone alive.
#[inline]
pub(super) fn counted(zone: &Zone) -> Result<Zone, ZoneError> {
    zone.try_clone()
}
