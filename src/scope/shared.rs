//! Copies in which what is shared stays shared, and circles stay circles. The table of what was copied lies in a scope's
//! zone of its own.

#![forbid(unsafe_code)]

use super::guard::Scope;
use crate::copy::{DeepCopy, Depth, Referent, Run, is_quiet, runs_as_a_whole, undoing};
use crate::error::{ZoneError, or_panic};
use crate::stack::Entered;
use crate::zone::Zone;

/// Copies each value once. `is_quiet`: no code but memzone's own runs in the copy.
pub(crate) fn shared<R>(
    to: &Zone,
    is_quiet: bool,
    copy: impl FnOnce() -> Result<R, ZoneError>,
) -> Result<R, ZoneError> {
    let scope = Scope::try_new_at(crate::__site!("zcopy_shared"), 0)?;
    // Code that asks for the current zone meanwhile gets the target, not the table's. A sealed zone cannot be entered.
    let current = if to.is_sealed() { None } else { Some(Entered::new(to)?) };
    let copied = Run::sharing(&scope.zone(), to, is_quiet, copy);
    drop(current);
    scope.end();
    copied
}

/// Copies what a reference leads to, with all that it leads to in turn, to a zone: each value once.
///
/// [`zcopy`](crate::zcopy) copies along each way, so that a node with two references to it becomes two, and a circle is
/// an error. This keeps the graph as it is: where two references lead to one value, the copies of the two lead to one
/// copy.
///
/// ```
/// use memzone::{DeepCopy, Zone, zcopy_shared};
/// use std::cell::Cell;
///
/// /// Someone in a round dance.
/// #[derive(DeepCopy)]
/// struct Dancer<'z> {
///     name: &'z str,
///     next: Cell<Option<&'z Dancer<'z>>>,
/// }
///
/// let zone = Zone::new(1024);
/// let copy = {
///     let scratch = Zone::new(1024);
///     let dancer = |name| &*scratch.alloc(Dancer { name, next: Cell::new(None) });
///     let (ada, ben) = (dancer("Ada"), dancer("Ben"));
///     ada.next.set(Some(ben));
///     ben.next.set(Some(ada));
///     zcopy_shared(ada, &zone)
/// };
/// let next = copy.next.get().unwrap();
/// assert_eq!(next.name, "Ben");
/// assert!(std::ptr::eq(next.next.get().unwrap(), copy));
/// ```
///
/// # What is one value
///
/// Two `&` references lead to one value if the address, the size and the type are the same. A value behind a `&mut` has
/// no other reference to it, and is not looked up.
///
/// A reference to an item of a slice leads to that item in the slice's copy, if the copy meets the slice first. It
/// meets the first of two fields first, and a value before the values that it leads to. Slices of numbers and other
/// plain data (`flat`) are copied as a whole, so a reference to one of their items, or to a field in the midst of a
/// value, becomes a reference to a copy of its own.
///
/// Implementations of [`DeepCopy`] that are written by hand copy in the same way as in [`zcopy`](crate::zcopy). They
/// never see an unfinished value, so the values that they lead to are shared with nothing else. The same holds for
/// values in a `RefCell`, and for those in a collection in a zone. A value of such a type has a copy for each reference
/// to it, as that may be of a type that must not be shared. So has a value of a derived type with such a type for a
/// parameter.
///
/// # Panics
///
/// If [`try_zcopy_shared`] returns an error.
///
/// # Real-time
///
/// As [`DeepCopy`], if the thread has a spare zone that is large enough for the table, which takes 128 to 256 bytes a
/// value. A thread has such a zone after a copy of as many values at this depth of scopes, or by a
/// [`Plan`](crate::rt::Plan).
#[track_caller]
pub fn zcopy_shared<'z, T: ?Sized + Referent<'z>>(value: &T, to: &'z Zone) -> &'z T::Copied {
    or_panic(try_zcopy_shared(value, to))
}

/// Like [`zcopy_shared`], with an error instead of a panic.
///
/// # Errors
///
/// Those of [`DeepCopy::deep_copy`] but `Cycle`, and those of a scope whose zone has to grow. What a copy that failed
/// has taken is given back as by [`try_zcopy`](crate::try_zcopy).
///
/// # Real-time
///
/// As [`zcopy_shared`].
pub fn try_zcopy_shared<'z, T: ?Sized + Referent<'z>>(
    value: &T,
    to: &'z Zone,
) -> Result<&'z T::Copied, ZoneError> {
    // That is one run.
    shared(to, false, || value.copy_referent(to))
}

/// A value that leaves a scope with what it shares: [`zcopy_shared`] at a scope's end.
///
/// ```
/// use memzone::{DeepCopy, Shared, Zone, beginz};
///
/// #[derive(DeepCopy)]
/// struct Mixer<'z> {
///     left: &'z [f32],
///     right: &'z [f32],
/// }
///
/// let song = Zone::new(4096);
/// let mono: Mixer = beginz!(z in &song => {
///     let samples: &[f32] = z.alloc_slice(64, 0.5);
///     Shared(Mixer { left: samples, right: samples })
/// });
/// assert!(std::ptr::eq(mono.left, mono.right));
/// ```
///
/// # Owners
///
/// A `Vec`, a `Box` and a `String` move, and what they lead to is shared as well:
///
/// ```
/// use memzone::{Shared, Zone, beginz};
///
/// let song = Zone::new(4096);
/// let voices: Vec<&[f32]> = beginz!(z in &song => {
///     let samples: &[f32] = z.alloc_slice(64, 0.5);
///     Shared(vec![samples, samples])
/// });
/// # #[cfg(not(feature = "tracing"))]
/// assert!(std::ptr::eq(voices[0], voices[1]));
/// ```
///
/// That is so if no code but memzone's own runs in the copy: if all types in the value are derived, plain values,
/// references, `Option`, tuples, arrays, `Cell` and the like, `Vec`, `Box` or `String`, and none has a destructor of its
/// own. A `keep`, a `RefCell`, another owner, or an implementation that is written by hand
/// may run other code. With one of these anywhere in the value's type, or with the feature `tracing`, what each single
/// reference leads to is copied as in [`zcopy_shared`], and shares nothing with what another reference in an owner
/// leads to. A value that owns nothing is always copied as a whole.
///
/// # Real-time
///
/// As [`zcopy_shared`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared<T>(pub T);

#[diagnostic::do_not_recommend]
impl<'z, T: DeepCopy<'z>> DeepCopy<'z> for Shared<T> {
    type Copied = T::Copied;
    // What a copy that has failed took is given back before the scope's end, which may run hooks (I41): so nothing is said
    // of `undo`.
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        let copy = || match runs_as_a_whole::<T>() {
            true => self.0.deep_copy(to),
            false => Depth::enter(|depth| self.0.copy_at(to, depth)),
        };
        shared(to, is_quiet::<T>(), || undoing::<T, _>(to, copy))
    }
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
        shared(to, is_quiet::<T>(), || undoing::<T, _>(to, || self.0.move_out(to)))
    }
}
