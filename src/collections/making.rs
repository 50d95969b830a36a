//! Making a collection of what is there: of an iterator, of a list of values.

#![forbid(unsafe_code)]

use super::zvec::ZVec;
use crate::error::{ZoneError, or_panic};
use crate::zone::Zone;

/// What can be made in a zone of the items of an iterator. It is what `FromIterator` is without a zone.
///
/// It is there for [`ZVec`], slices (`&mut [T]`), [`ZString`](crate::ZString), [`ZHeap`](crate::ZHeap), maps and sets,
/// and for an `Option` or a `Result` of these.
///
/// ```
/// use memzone::{FromIteratorIn, ZVec, Zone};
///
/// let zone = Zone::new(1024);
/// let squares = ZVec::try_from_iter_in((1..4).map(|n| n * n), &zone)?;
/// assert_eq!(squares, [1, 4, 9]);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "no `{Self}` can be made in a zone of items of type `{T}`",
    note = "`ZVec<_>`, `&mut [_]`, `ZString`, `ZHeap<_>`, `ZMap<_, _>` and `ZSet<_>` can"
)]
pub trait FromIteratorIn<'z, T>: Sized {
    /// Makes it in a zone.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`]. The items so far are lost then, and their room is given back if nothing else was
    /// allocated in the meantime.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the iterator is.
    fn try_from_iter_in<I: IntoIterator<Item = T>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError>;
}

impl<'z, T> FromIteratorIn<'z, T> for ZVec<'z, T> {
    #[inline]
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = T>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        let items = items.into_iter();
        let mut vec = ZVec::new_in(zone);
        // A hint, which may be wrong.
        let _ = vec.try_reserve_exact(items.size_hint().0);
        if let Err(refused) = vec.try_extend(items) {
            vec.give_back();
            return Err(refused.error);
        }
        Ok(vec)
    }
}

impl<'z, T> FromIteratorIn<'z, T> for &'z mut [T] {
    #[inline]
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = T>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        zone.try_alloc_iter(items)
    }
}

impl<'z, T> FromIteratorIn<'z, T> for &'z [T] {
    #[inline]
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = T>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        Ok(zone.try_alloc_iter(items)?)
    }
}

/// As soon as an item is an error, that is the result.
impl<'z, T, E, C: FromIteratorIn<'z, T>> FromIteratorIn<'z, Result<T, E>> for Result<C, E> {
    #[inline]
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = Result<T, E>>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        let mut error = None;
        let mut items = items.into_iter();
        let good = core::iter::from_fn(|| items.next()?.map_err(|e| error = Some(e)).ok());
        let made = C::try_from_iter_in(good, zone)?;
        Ok(error.map_or(Ok(made), Err))
    }
}

/// As soon as an item is `None`, that is the result.
impl<'z, T, C: FromIteratorIn<'z, T>> FromIteratorIn<'z, Option<T>> for Option<C> {
    #[inline]
    #[track_caller]
    fn try_from_iter_in<I: IntoIterator<Item = Option<T>>>(
        items: I,
        zone: &'z Zone,
    ) -> Result<Self, ZoneError> {
        let items = items.into_iter().map(|item| item.ok_or(()));
        Ok(Result::<C, ()>::try_from_iter_in(items, zone)?.ok())
    }
}

/// Gives every iterator the method `collect_in`.
///
/// ```
/// use memzone::{CollectIn, ZVec, Zone};
///
/// let zone = Zone::new(1024);
/// let levels: ZVec<f32> = (1..4).map(|n| 1.0 / n as f32).collect_in(&zone);
/// assert_eq!(levels[1], 0.5);
/// let parsed: Result<ZVec<u8>, _> = "60 64 x".split(' ').map(str::parse).collect_in(&zone);
/// assert!(parsed.is_err());
/// ```
pub trait CollectIn: Iterator + Sized {
    /// Puts the items into a collection in the zone.
    ///
    /// # Panics
    ///
    /// When [`try_collect_in`](CollectIn::try_collect_in) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the iterator is.
    #[inline]
    #[track_caller]
    fn collect_in<'z, C: FromIteratorIn<'z, Self::Item>>(self, zone: &'z Zone) -> C {
        or_panic(self.try_collect_in(zone))
    }

    /// Like [`collect_in`](CollectIn::collect_in), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`]. The items so far are lost then, and their room is given back if nothing else was
    /// allocated in the meantime.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the iterator is.
    #[inline]
    #[track_caller]
    fn try_collect_in<'z, C: FromIteratorIn<'z, Self::Item>>(
        self,
        zone: &'z Zone,
    ) -> Result<C, ZoneError> {
        C::try_from_iter_in(self, zone)
    }
}

impl<I: Iterator> CollectIn for I {}

impl Zone {
    /// Makes a vector of clones of a slice's items, which can grow. It has just the room that they need.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut notes = zone.vec_from(&[60, 64]);
    /// notes.push(67);
    /// assert_eq!(notes, [60, 64, 67]);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_vec_from`](Zone::try_vec_from) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning the items is.
    #[inline]
    #[track_caller]
    pub fn vec_from<T: Clone>(&self, items: &[T]) -> ZVec<'_, T> {
        or_panic(self.try_vec_from(items))
    }

    /// Like [`vec_from`](Zone::vec_from), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`].
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning the items is.
    #[inline]
    #[track_caller]
    pub fn try_vec_from<T: Clone>(&self, items: &[T]) -> Result<ZVec<'_, T>, ZoneError> {
        let mut vec = self.try_vec_with_capacity(items.len())?;
        vec.try_extend_from_slice(items)?;
        Ok(vec)
    }

    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn vec_of_array<T, const N: usize>(&self, items: [T; N]) -> ZVec<'_, T> {
        items.into_iter().collect_in(self)
    }

    #[doc(hidden)]
    #[inline]
    #[track_caller]
    pub fn vec_of_clones<T: Clone>(&self, value: T, n: usize) -> ZVec<'_, T> {
        let mut vec = self.vec_with_capacity(n);
        vec.resize(n, value);
        vec
    }
}

/// Makes a [`ZVec`](crate::ZVec) in a zone, as `vec!` makes a `Vec`: `zvec![in zone; a, b, c]` of a list of values,
/// `zvec![in zone; value; n]` of clones of a value.
///
/// ```
/// use memzone::{Zone, zvec};
///
/// let zone = Zone::new(1024);
/// let chord = zvec![in zone; 60, 64, 67];
/// let silence = zvec![in zone; 0.0_f32; 64];
/// assert_eq!((chord.len(), silence.len()), (3, 64));
/// ```
///
/// # Panics
///
/// When the zone has no memory left. `[a, b, c].into_iter().try_collect_in(zone)` gives an error instead.
///
/// # Real-time
///
/// Yes, within the zone's [`remaining`](crate::Zone::remaining) bytes.
#[macro_export]
macro_rules! zvec {
    (in $zone:expr $(;)?) => {
        $zone.vec()
    };
    (in $zone:expr; $value:expr; $n:expr) => {
        $zone.vec_of_clones($value, $n)
    };
    (in $zone:expr; $($item:expr),+ $(,)?) => {
        $zone.vec_of_array([$($item),+])
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "expected a zone and items: `zvec![in zone; a, b, c]` or `zvec![in zone; value; n]`"
        )
    };
}
