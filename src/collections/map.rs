//! `HashMap` and `HashSet` of `hashbrown`.

#![forbid(unsafe_code)]

use super::filling::{borrowed, counted};
use crate::copy::{DeepCopy, Depth, Work};
use crate::error::{ZoneError, or_panic};
use crate::region::bump::MAX_REQUEST;
use crate::zone::Zone;
use core::hash::{BuildHasher, Hash};
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, TryReserveError};

/// A hash map that owns its entries and a handle of its zone. It runs their destructors, and keeps the zone alive.
///
/// It is the `HashMap` of [`hashbrown`], with all its methods. It is made with [`Zone::owning_map`]. Where keys and values
/// need no destructor, [`ZMap`](crate::ZMap) is the better one.
///
/// **When there is no memory, `insert` and all that grows ends the program, past any `catch_unwind`**, as in the standard
/// library. Before such a call, ask for the room with `try_reserve`, which gives an error:
///
/// ```
/// use memzone::{OwningMap, Zone};
///
/// let zone = Zone::builder().capacity(1024).fixed().build();
/// let mut names: OwningMap<u8, String> = zone.owning_map();
/// names.try_reserve(2).expect("there is room");
/// names.insert(36, String::from("kick"));
/// assert!(names.try_reserve(1000).is_err());
/// drop(zone); // the map keeps it alive
/// assert_eq!(names[&36], "kick");
/// ```
///
/// # Real-time
///
/// Inserting into room that is there: yes. Dropping it: yes, if dropping its entries is, and if it is not the zone's last
/// handle.
#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
pub type OwningMap<K, V, S = DefaultHashBuilder> = HashMap<K, V, S, Zone>;

#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
impl Zone {
    /// Makes an empty hash map that runs its entries' destructors, and has a handle of the zone.
    ///
    /// **When there is no memory, growing it ends the program**; see [`OwningMap`](crate::OwningMap) for the way around.
    /// [`map`](Zone::map) never does that.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut names = zone.owning_map();
    /// names.insert(36, String::from("kick"));
    /// assert_eq!(names[&36], "kick");
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_owning_map`](Zone::try_owning_map) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    #[track_caller]
    pub fn owning_map<K, V>(&self) -> OwningMap<K, V> {
        or_panic(self.try_owning_map())
    }

    /// Like [`owning_map`](Zone::owning_map), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`InUse`](ZoneError::InUse) where the zone can have no further handle, and those of [`try_new`](Zone::try_new) if it is not made yet.
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn try_owning_map<K, V>(&self) -> Result<OwningMap<K, V>, ZoneError> {
        Ok(OwningMap::with_hasher_in(DefaultHashBuilder::default(), self.try_clone()?))
    }
}

/// The reason why a map got no room. `hashbrown` does not pass the reason on, so this asks the zone again.
#[cold]
pub(super) fn refusal(error: TryReserveError, zone: &Zone) -> ZoneError {
    let TryReserveError::AllocError { layout } = error else {
        return ZoneError::TooLarge { requested: usize::MAX, available: MAX_REQUEST };
    };
    let requested = layout.size();
    zone.try_alloc_layout(layout).err().unwrap_or(ZoneError::OutOfMemory { requested })
}

/// Implements `DeepCopy` for maps and sets with one kind of handle.
macro_rules! maps {
    ([$($borrow:lifetime)?] $from:ty, $into:ty, $handle:ident) => {
        #[diagnostic::do_not_recommend]
        impl<'z, $($borrow,)? K, V, S> DeepCopy<'z> for HashMap<K, V, S, $from>
        where
            K: DeepCopy<'z, Copied: Eq + Hash>,
            V: DeepCopy<'z>,
            S: BuildHasher + Clone + 'z,
        {
            type Copied = HashMap<K::Copied, V::Copied, S, $into>;

            fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                Depth::enter(|depth| self.copy_at(to, depth))
            }

            fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                let mut copied = maps!(self, to, $handle);
                for (key, value) in self {
                    copied.insert(depth.follow(key, to)?, depth.follow(value, to)?);
                }
                Ok(copied)
            }

            fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                Depth::enter(|depth| {
                    let mut moved = maps!(self, to, $handle);
                    for (key, value) in self {
                        moved.insert(depth.follow_owned(key, to)?, depth.follow_owned(value, to)?);
                    }
                    Ok(moved)
                })
            }

            async fn copy_later<'s>(
                &'s self,
                to: &'z Zone,
                work: Work<'s>,
            ) -> Result<Self::Copied, ZoneError>
            where
                'z: 's,
            {
                let mut copied = maps!(self, to, $handle);
                for (key, value) in self {
                    let key = work.clone().follow(key, to).await?;
                    copied.insert(key, work.clone().follow(value, to).await?);
                }
                Ok(copied)
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
                let mut moved = maps!(self, to, $handle);
                for (key, value) in self {
                    let key = work.clone().follow_owned(key, to).await?;
                    moved.insert(key, work.clone().follow_owned(value, to).await?);
                }
                Ok(moved)
            }
        }

        #[diagnostic::do_not_recommend]
        impl<'z, $($borrow,)? T, S> DeepCopy<'z> for HashSet<T, S, $from>
        where
            T: DeepCopy<'z, Copied: Eq + Hash>,
            S: BuildHasher + Clone + 'z,
        {
            type Copied = HashSet<T::Copied, S, $into>;

            fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                Depth::enter(|depth| self.copy_at(to, depth))
            }

            fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                let mut copied = HashSet::from(maps!(self, to, $handle));
                for item in self {
                    copied.insert(depth.follow(item, to)?);
                }
                Ok(copied)
            }

            fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                Depth::enter(|depth| {
                    let mut moved = HashSet::from(maps!(self, to, $handle));
                    for item in self {
                        moved.insert(depth.follow_owned(item, to)?);
                    }
                    Ok(moved)
                })
            }
        }
    };
    ($of:expr, $to:expr, $handle:ident) => {{
        let mut empty = HashMap::with_hasher_in($of.hasher().clone(), $handle($to)?);
        empty.try_reserve($of.len()).map_err(|error| refusal(error, $to))?;
        empty
    }};
}

maps! { ['a] &'a Zone, &'z Zone, borrowed }
maps! { [] Zone, Zone, counted }
