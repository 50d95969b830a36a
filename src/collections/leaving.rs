//! How memzone's own collections are copied to another zone: in one copy, with just the room that they need.

use super::filling;
use super::heap::ZHeap;
use super::text::ZString;
#[cfg(feature = "hashbrown")]
use super::zmap::ZMap;
#[cfg(feature = "hashbrown")]
use super::zset::ZSet;
use super::zvec::ZVec;
use crate::copy::{DeepCopy, Depth, KeepsLifetimes, Known, Undo};
use crate::error::ZoneError;
use crate::zone::Zone;
#[cfg(feature = "hashbrown")]
use core::hash::{BuildHasher, Hash};

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for ZVec<'_, T> {
    type Copied = ZVec<'z, T::Copied>;
    const UNWATCHED: bool = T::FLAT;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());

    fn undo(known: &mut Known) -> Undo<Self> {
        // A copy runs nothing but this file, what makes its room, and the copies of the items.
        Undo::if_parts(T::undo(known).may())
    }

    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }

    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        // Refuses copies with a destructor, as every constructor of a vector does.
        let empty = to.vec();
        if self.is_empty() {
            return Ok(empty);
        }
        let (start, len, room) = filling::copy(self, to, depth)?.into_parts();
        // SAFETY: (I48) the zone gave this room for `room` items, and `copy` has filled the first `len` places.
        Ok(unsafe { empty.with_parts(start, len, room) })
    }
}

/// Copies may compare in another way than what they are copies of, so the queue is put in order anew.
#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z, Copied: Ord>> DeepCopy<'z> for ZHeap<'_, T> {
    type Copied = ZHeap<'z, T::Copied>;
    const UNWATCHED: bool = false;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());

    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }

    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        Ok(ZHeap::of(self.as_vec().copy_at(to, depth)?))
    }
}

#[diagnostic::do_not_recommend]
impl<'z> DeepCopy<'z> for ZString<'_> {
    type Copied = ZString<'z>;
    const UNWATCHED: bool = true;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::YES;

    fn undo(_known: &mut Known) -> Undo<Self> {
        Undo::if_parts(true)
    }

    fn deep_copy(&self, to: &'z Zone) -> Result<ZString<'z>, ZoneError> {
        to.try_string_from(self)
    }
}

#[cfg(feature = "hashbrown")]
#[diagnostic::do_not_recommend]
impl<'z, K, V, S> DeepCopy<'z> for ZMap<'_, K, V, S>
where
    K: DeepCopy<'z, Copied: Eq + Hash>,
    V: DeepCopy<'z>,
    S: BuildHasher + Clone + 'z,
{
    type Copied = ZMap<'z, K::Copied, V::Copied, S>;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(K::KEEPS_LIFETIMES.get() && V::KEEPS_LIFETIMES.get());

    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }

    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        let mut copied = to.map_with_hasher(self.hasher().clone());
        copied.try_reserve(self.len())?;
        for (key, value) in self {
            // An entry's copy may hash differently, as a reference does that is hashed by its address.
            copied.try_insert(depth.follow(key, to)?, depth.follow(value, to)?)?;
        }
        Ok(copied)
    }
}

#[cfg(feature = "hashbrown")]
#[diagnostic::do_not_recommend]
impl<'z, T, S> DeepCopy<'z> for ZSet<'_, T, S>
where
    T: DeepCopy<'z, Copied: Eq + Hash>,
    S: BuildHasher + Clone + 'z,
{
    type Copied = ZSet<'z, T::Copied, S>;
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> =
        KeepsLifetimes::if_parts(T::KEEPS_LIFETIMES.get());

    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }

    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        let mut copied = to.set_with_hasher(self.hasher().clone());
        copied.try_reserve(self.len())?;
        for item in self {
            copied.try_insert(depth.follow(item, to)?)?;
        }
        Ok(copied)
    }
}
