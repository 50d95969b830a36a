//! `zcopy`: copying by hand what a scope copies by itself.

#![forbid(unsafe_code)]

use super::depth::{BUDGET, During};
use super::{DeepCopy, Run, runs_as_a_whole, undoing};
use crate::error::{ZoneError, or_panic};
use crate::zone::Zone;

/// The types that [`zcopy`] takes behind a reference: each type that has [`DeepCopy`], slices of such types, and `str`.
///
/// Use it as a bound in a function that copies whatever it is given.
///
/// ```
/// use memzone::{ZCopy, Zone, zcopy};
///
/// /// Copies what is played twice.
/// fn twice<'z, T: ?Sized + ZCopy<'z>>(value: &T, to: &'z Zone) -> [T::Copied; 2] {
///     [zcopy(value, to), zcopy(value, to)]
/// }
///
/// let song = Zone::new(4096);
/// let [verse, chorus] = twice(&[0.5, 0.25][..], &song);
/// verse[0] = 1.0;
/// assert_eq!((verse[0], chorus[0]), (1.0, 0.5));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be copied to another zone",
    label = "has no `DeepCopy`",
    note = "for a type of your own, add `#[derive(DeepCopy)]`"
)]
pub trait ZCopy<'z> {
    /// The type of the copy. For a slice or a text it is a `&mut` to the copy.
    type Copied: 'z;

    /// Copies it.
    #[doc(hidden)]
    fn copy_to(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError>;

    /// The same, panicking.
    #[doc(hidden)]
    #[inline(always)]
    #[track_caller]
    fn copy_or_panic(&self, to: &'z Zone) -> Self::Copied {
        or_panic(self.copy_to(to))
    }
}

impl<'z, T: DeepCopy<'z>> ZCopy<'z> for T {
    type Copied = T::Copied;
    #[inline(always)]
    fn copy_to(&self, to: &'z Zone) -> Result<T::Copied, ZoneError> {
        undoing::<T, _>(to, || self.deep_copy(to))
    }
    #[inline(always)]
    #[track_caller]
    fn copy_or_panic(&self, to: &'z Zone) -> T::Copied {
        // What goes by memory.
        let is_large = size_of::<T::Copied>() > 2 * size_of::<usize>();
        match is_large && runs_as_a_whole::<T>() {
            true => Run::copy_or_panic(self, to),
            false => or_panic(self.copy_to(to)),
        }
    }
}

impl<'z, T: DeepCopy<'z>> ZCopy<'z> for [T] {
    type Copied = &'z mut [T::Copied];
    #[inline(always)]
    fn copy_to(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        undoing::<T, _>(to, || T::deep_copy_slice(self, to))
    }
}

impl<'z> ZCopy<'z> for str {
    type Copied = &'z mut str;
    #[inline(always)]
    fn copy_to(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        to.try_alloc_str(self)
    }
}

/// Copies a value, with all it points to, to a zone. xtlang's `zcopy`.
///
/// It takes slices, texts and `&mut` as they come.
///
/// ```
/// use memzone::{DeepCopy, Zone, zcopy};
///
/// #[derive(DeepCopy)]
/// struct Line<'z>(&'z [f32], &'z str);
///
/// let scratch = Zone::new(4096);
/// let samples: &mut [f32] = scratch.alloc_slice(4, 0.5);
/// let song = Zone::new(4096);
/// let line = zcopy(&Line(samples, "bass"), &song);
/// let samples = zcopy(samples, &song);
/// let name = zcopy("lead", &song);
/// drop(scratch);
/// assert_eq!((line.0, line.1, &*samples, &*name), (&[0.5; 4][..], "bass", &[0.5; 4][..], "lead"));
/// ```
///
/// # Panics
///
/// When [`try_zcopy`] gives an error.
///
/// # Real-time
///
/// As [`DeepCopy`].
#[track_caller]
pub fn zcopy<'z, T: ?Sized + ZCopy<'z>>(value: &T, to: &'z Zone) -> T::Copied {
    value.copy_or_panic(to)
}

/// Like [`zcopy`], with an error instead of a panic.
///
/// # Errors
///
/// Those of [`DeepCopy::deep_copy`].
///
/// # Real-time
///
/// As [`DeepCopy`].
pub fn try_zcopy<'z, T: ?Sized + ZCopy<'z>>(
    value: &T,
    to: &'z Zone,
) -> Result<T::Copied, ZoneError> {
    value.copy_to(to)
}

/// [`zcopy`] with another budget than 512 MiB.
///
/// A value whose parts are shared becomes larger when it is copied, as each way to a part leads to a copy of its own.
/// With 30 nodes that have two references each to the next one, there are 2^30 ways. So a copy has a budget. The bytes
/// that it takes for nodes count. Slices of plain data and texts do not. Use this for a value that is larger than the
/// usual budget without being shared, such as a tree of ten million nodes.
///
/// ```
/// use memzone::{DeepCopy, Zone, ZoneError, try_zcopy_within, zcopy_shared};
///
/// #[derive(DeepCopy)]
/// struct Node<'z>(Option<(&'z Node<'z>, &'z Node<'z>)>);
///
/// let (scratch, zone) = (Zone::new(4096), Zone::new(4096));
/// let mut node = scratch.alloc(Node(None));
/// for _ in 0..40 {
///     node = scratch.alloc(Node(Some((node, node))));
/// }
/// let copy = try_zcopy_within(node, &zone, 1 << 20);
/// assert!(matches!(copy, Err(ZoneError::OverBudget { .. })));
/// zcopy_shared(node, &zone); // each node once
/// assert!(zone.used() < 2 * scratch.used());
/// ```
///
/// A budget of less than 32 KiB counts as 32 KiB. In values that an owner such as a `Vec` leads to, and in copies by
/// code that is written by hand, each reference has a budget of its own.
///
/// # Panics
///
/// When [`try_zcopy_within`] gives an error.
///
/// # Real-time
///
/// As [`DeepCopy`].
#[track_caller]
pub fn zcopy_within<'z, T: ?Sized + ZCopy<'z>>(value: &T, to: &'z Zone, bytes: usize) -> T::Copied {
    or_panic(try_zcopy_within(value, to, bytes))
}

/// Like [`zcopy_within`], with an error instead of a panic.
///
/// # Errors
///
/// Those of [`DeepCopy::deep_copy`], and [`OverBudget`](ZoneError::OverBudget).
///
/// # Real-time
///
/// As [`DeepCopy`].
pub fn try_zcopy_within<'z, T: ?Sized + ZCopy<'z>>(
    value: &T,
    to: &'z Zone,
    bytes: usize,
) -> Result<T::Copied, ZoneError> {
    let _budget = During::new(&BUDGET, bytes);
    value.copy_to(to)
}
