//! std's collections. A collection's memory is not a zone's: it moves out of a scope with its memory,
//! and what is in it is copied.

#![forbid(unsafe_code)]

use super::memory::{ask, vec};
use super::same::{Holder, stays};
use super::{DeepCopy, Depth, Known, Undo, Work};
use crate::error::ZoneError;
use crate::zone::Zone;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, BinaryHeap, LinkedList, VecDeque};
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;
#[cfg(feature = "std")]
use std::collections::{HashMap, HashSet};

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

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Vec<T> {
    type Copied = Vec<T::Copied>;
    fn undo(known: &mut Known) -> Undo<Self> {
        Undo::if_parts(T::undo(known).may())
    }
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        Depth::enter(|depth| self.copy_at(to, depth))
    }
    fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
        vec_at(self, to, depth)
    }
    fn same<H: Holder>(held: H::Of<Self>) -> Result<H::Of<Self::Copied>, H::Of<Self>> {
        T::same::<OfVectors<H>>(held)
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

#[diagnostic::do_not_recommend]
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

/// Collections that are made anew of a vector of their items' copies; but those whose items stay as they
/// are move as a whole.
///
/// `|this| MOVED` is what holds the copies' types if all items stay, `|this| TAKEN` what is taken from
/// it before its items are, `|items, taken| MADE` what is made of them.
macro_rules! collections {
    ($(
        [$($item:ident),+ $(; $hasher:ident)?] $type:ty => $copied:ty
        where [$($bounds:tt)*]
        |$this:ident| $moved:expr, |$whole:ident| $taken:expr, |$items:ident, $was:ident| $made:expr;
    )*) => {$(
        #[diagnostic::do_not_recommend]
        #[allow(non_snake_case, unused_parens, unused_variables)]
        impl<'z, $($item: DeepCopy<'z>,)+ $($hasher: BuildHasher + Clone + 'z)?> DeepCopy<'z> for $type
        where
            $($bounds)*
        {
            type Copied = $copied;

            fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                Depth::enter(|depth| self.copy_at(to, depth))
            }

            fn copy_at(&self, to: &'z Zone, depth: Depth) -> Result<Self::Copied, ZoneError> {
                let ($whole, mut $items) = (self, vec(self.len())?);
                let $was = $taken;
                for ($($item),+) in self {
                    $items.push(($(depth.follow($item, to)?),+));
                }
                $made
            }

            fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
                if $(stays::<$item>())&&+ {
                    let $this = self;
                    return Ok($moved.expect("items that stay"));
                }
                let ($whole, mut $items) = (&self, vec(self.len())?);
                let $was = $taken;
                Depth::enter(|depth| {
                    for ($($item),+) in self {
                        $items.push(($(depth.follow_owned($item, to)?),+));
                    }
                    $made
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
                let ($whole, mut $items) = (self, vec(self.len())?);
                let $was = $taken;
                for ($($item),+) in self {
                    $items.push(($(work.clone().follow($item, to).await?),+));
                }
                $made
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
                let ($whole, mut $items) = (&self, vec(self.len())?);
                let $was = $taken;
                for ($($item),+) in self {
                    $items.push(($(work.clone().follow_owned($item, to).await?),+));
                }
                $made
            }
        }
    )*};
}

collections! {
    [T] VecDeque<T> => VecDeque<T::Copied> where []
    |this| T::same::<Deques>(this).ok(), |this| (), |items, was| Ok(VecDeque::from(items));

    [T] BinaryHeap<T> => BinaryHeap<T::Copied> where [T::Copied: Ord]
    |this| T::same::<Heaps>(this).ok(), |this| (), |items, was| Ok(BinaryHeap::from(items));

    [T] LinkedList<T> => LinkedList<T::Copied> where []
    |this| T::same::<Lists>(this).ok(), |this| (), |items, was| {
        ask(items.len().saturating_mul(size_of::<T::Copied>()))?;
        Ok(LinkedList::from_iter(items))
    };

    [T] BTreeSet<T> => BTreeSet<T::Copied> where [T::Copied: Ord]
    |this| T::same::<TreeSets>(this).ok(), |this| (), |items, was| {
        ask(items.len().saturating_mul(size_of::<T::Copied>()))?;
        Ok(BTreeSet::from_iter(items))
    };

    [K, V] BTreeMap<K, V> => BTreeMap<K::Copied, V::Copied> where [K::Copied: Ord]
    |this| {
        let this = K::same::<TreeKeys<V>>(this).ok();
        this.and_then(|this| V::same::<TreeValues<K::Copied>>(this).ok())
    },
    |this| (), |items, was| {
        ask(items.len().saturating_mul(size_of::<(K::Copied, V::Copied)>()))?;
        Ok(BTreeMap::from_iter(items))
    };
}

#[cfg(feature = "std")]
collections! {
    [T; S] HashSet<T, S> => HashSet<T::Copied, S> where [T::Copied: Eq + Hash]
    |this| T::same::<Sets<S>>(this).ok(), |this| this.hasher().clone(), |items, hasher| {
        let mut copied = HashSet::with_hasher(hasher);
        let requested = items.len().saturating_mul(size_of::<T::Copied>());
        ask(requested)?;
        copied.try_reserve(items.len()).map_err(|_| ZoneError::OutOfMemory { requested })?;
        copied.extend(items);
        Ok(copied)
    };

    [K, V; S] HashMap<K, V, S> => HashMap<K::Copied, V::Copied, S> where [K::Copied: Eq + Hash]
    |this| {
        let this = K::same::<Keys<V, S>>(this).ok();
        this.and_then(|this| V::same::<Values<K::Copied, S>>(this).ok())
    },
    |this| this.hasher().clone(), |items, hasher| {
        let mut copied = HashMap::with_hasher(hasher);
        let requested = items.len().saturating_mul(size_of::<(K::Copied, V::Copied)>());
        ask(requested)?;
        copied.try_reserve(items.len()).map_err(|_| ZoneError::OutOfMemory { requested })?;
        copied.extend(items);
        Ok(copied)
    };
}

macro_rules! holders {
    ($($name:ident $(<$($other:ident),+>)?: |$item:ident| $of:ty;)*) => {
        $(
            struct $name $(<$($other),+>(PhantomData<($($other,)+)>))?;
            impl $(<$($other),+>)? Holder for $name $(<$($other),+>)? {
                type Of<$item> = $of;
            }
        )*
    };
}

holders! {
    Deques: |T| VecDeque<T>;
    Heaps: |T| BinaryHeap<T>;
    Lists: |T| LinkedList<T>;
    TreeSets: |T| BTreeSet<T>;
    TreeKeys<V>: |K| BTreeMap<K, V>;
    TreeValues<K>: |V| BTreeMap<K, V>;
}

#[cfg(feature = "std")]
holders! {
    Sets<S>: |T| HashSet<T, S>;
    Keys<V, S>: |K| HashMap<K, V, S>;
    Values<K, S>: |V| HashMap<K, V, S>;
}

/// What holds a vector.
struct OfVectors<H>(PhantomData<H>);

impl<H: Holder> Holder for OfVectors<H> {
    type Of<T> = H::Of<Vec<T>>;
}
