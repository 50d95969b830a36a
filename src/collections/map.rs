//! `HashMap` and `HashSet` of `hashbrown`.

#![forbid(unsafe_code)]

use super::filling::{borrowed, counted};
use crate::copy::{DeepCopy, Depth, Work};
use crate::error::ZoneError;
use crate::region::bump::MAX_REQUEST;
use crate::zone::Zone;
use core::hash::{BuildHasher, Hash};
use hashbrown::{DefaultHashBuilder, HashMap, HashSet, TryReserveError};

/// A hash map in a zone, which it borrows.
///
/// It is the `HashMap` of [`hashbrown`], with all its methods. The standard library's map is built on the same. Make
/// one with [`Zone::map`].
///
/// ```
/// use memzone::{ZMap, Zone};
///
/// fn counts<'z>(zone: &'z Zone, text: &str) -> ZMap<'z, char, usize> {
///     let mut counts = zone.map();
///     text.chars().for_each(|letter| *counts.entry(letter).or_insert(0) += 1);
///     counts
/// }
///
/// assert_eq!(counts(&Zone::new(1024), "zone")[&'o'], 1);
/// ```
///
/// # Real-time
///
/// Inserting: yes, within [`remaining`](Zone::remaining). When the map grows, inserting takes the time to hash all that
/// the map holds. When the zone has no memory left, `insert` ends the program as it does in the standard library, and
/// `try_reserve` gives an error.
#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
pub type ZMap<'z, K, V, S = DefaultHashBuilder> = HashMap<K, V, S, &'z Zone>;

#[cfg_attr(docsrs, doc(cfg(feature = "hashbrown")))]
impl Zone {
    /// Makes an empty hash map in the zone.
    ///
    /// The map moves when it grows, and the memory that it leaves comes back when the zone is reset or freed. So if you
    /// know how many entries there will be, `reserve` room for them first. When a map leaves its scope, its entries are
    /// hashed anew.
    ///
    /// ```
    /// use memzone::{ZMap, Zone, beginz};
    ///
    /// let outer = Zone::new(4096);
    /// let counts: ZMap<char, u32> = beginz!(z in &outer => {
    ///     let mut counts = z.map();
    ///     for letter in "xtlang and memzone".chars() {
    ///         *counts.entry(letter).or_insert(0_u32) += 1;
    ///     }
    ///     counts
    /// });
    /// assert_eq!((counts[&'n'], counts.get(&'q')), (3, None));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub fn map<K, V>(&self) -> ZMap<'_, K, V> {
        ZMap::with_hasher_in(DefaultHashBuilder::default(), self)
    }
}

/// The reason why a map got no room. `hashbrown` does not pass the reason on, so this asks the zone again.
#[cold]
fn refusal(error: TryReserveError, zone: &Zone) -> ZoneError {
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
