//! Relocating a value, and all it points to, into another zone.
//!
//! Here is `DeepCopy`. A copy is made in place by a `run`, which has a `start`, follows references (`follow`; `once` where a value is looked up or put
//! off), is `watch`ed for circles, and may have a `table` for what is shared; what owns goes by value, and `later` where it is nested deep. The implementation for each family of types: `values` that hold
//! nothing but themselves, what is made of `parts`, `cells`, `references`, `owners` of the
//! system's memory, std's `collections` and `errors`, what is memzone's own (`zones`), and other
//! crates' `numbers`; and `zcopy`, which copies by hand. The collections in zones, the pool's keys and the heap's boxes have theirs beside
//! their concept.
//!
//! It uses zones and what is below them, `ZBox`, and how much stack there is. Scopes, the derive and
//! all that leaves a scope use it.
//!
//! Seven invariants live here: I11, an implementation by hand may be wrong; I19, what is done with a box's memory while its value is
//! out; I41, when a zone goes back after a copy that failed; I42, what is written to a place before something refers to it; I43, which
//! copies may be shared; I44, whose trait the derive's promises are about; and I45, of which type's copies they are. That a copy holds
//! nothing of where it was copied from is not kept by care: `Copied` and the zone's lifetime say it, and the compiler checks it.

mod memory;

mod same;

mod reuse;

mod keep;

mod in_place;

mod depth;

mod undo;

mod seen;

mod table;

mod watch;

mod run;

mod start;

mod follow;

mod once;

mod later;

mod ways;

mod part;

mod values;

mod parts;

mod cells;

mod references;

mod wire;

mod zones;

mod owners;

mod errors;

mod collections;

mod zcopy;

#[cfg(any(feature = "glam", feature = "num-complex"))]
mod numbers;

use crate::error::ZoneError;
use crate::zone::Zone;
use core::future::Future;
use core::ops::{Deref, DerefMut};

pub(crate) use collections::{vec_at, vec_later};
pub use depth::Depth;
pub(crate) use depth::without_table;
pub(crate) use in_place::runs_as_a_whole;
pub use in_place::{Genuine, Hole, InPlace, KeepsLifetimes, Look, Place, Promise};
pub use keep::{Bits, Flat};
pub use later::Work;
pub use part::{Copies, Later, Made, Written};
pub use references::Referent;
pub use run::Run;
pub use same::Holder;
pub use undo::{Known, Undo};
pub(crate) use undo::{is_quiet, undoing};
pub use wire::Wire;
pub use zcopy::{ZCopy, try_zcopy, try_zcopy_within, zcopy, zcopy_within};

/// A type whose values can be copied to another zone with everything they point to.
///
/// A scope calls it for the value of its body: `Node<'inner>` becomes `Node<'outer>`. Derive it:
///
/// ```
/// use memzone::{DeepCopy, Zone, zcopy};
///
/// #[derive(DeepCopy)]
/// struct Node<'z> {
///     value: f32,
///     next: Option<&'z Node<'z>>,
/// }
///
/// let outer = Zone::new(1024);
/// let copied = {
///     let inner = Zone::new(1024);
///     let last = inner.alloc(Node { value: 2.0, next: None });
///     zcopy(&Node { value: 1.0, next: Some(last) }, &outer)
/// };
/// assert_eq!(copied.value + copied.next.unwrap().value, 3.0);
/// ```
///
/// # What the derive takes
///
/// Structs and enums, type and const generics and `where` clauses. A type parameter `T` whose values are in a field
/// becomes `T::Copied`, so bounds on it must hold for that type too; one that is only named, as in a typed handle
/// (`PhantomData<T>`), stays as it is, and need not have `DeepCopy`. `T: ?Sized` may be behind a reference, and
/// associated types (`T::Item`) may be in fields.
///
/// | Option | On | Says |
/// |---|---|---|
/// | `zone = 'z` | a type with more lifetimes than one | which is the zone's |
/// | `crate = path` | a type | where this crate is, if it is renamed or re-exported |
/// | `flat` | a `Copy` type without references | it is copied bit by bit, and slices of it in one go |
/// | `flat` | a field of a `Copy` type | it stays as it is, bit by bit |
/// | `keep` | a field of a `Clone` type | it stays as it is: it moves, and is cloned where its value is copied |
/// | `keep` | a type parameter | it stays as it is |
///
/// ```
/// use memzone::{DeepCopy, Zone, beginz};
///
/// /// Its words stay in the text that it was parsed from, its nodes go to the zone.
/// #[derive(DeepCopy)]
/// #[deep_copy(zone = 'z)]
/// struct Token<'z, 'src> {
///     word: &'src str,
///     next: Option<&'z Token<'z, 'src>>,
///     #[deep_copy(keep)]
///     grammar: std::any::TypeId, // or another crate's type
/// }
///
/// let (text, zone) = (String::from("alloc and go"), Zone::new(1024));
/// let first: Token = beginz!(z in &zone => {
///     let grammar = std::any::TypeId::of::<str>();
///     let last = z.alloc(Token { word: &text[10..], next: None, grammar });
///     Token { word: &text[..5], next: Some(last), grammar }
/// });
/// assert_eq!((first.word, first.next.unwrap().word), ("alloc", "go"));
/// ```
///
/// Some fields stay as they are without an option: a field that borrows from elsewhere, for `'static` or for another
/// lifetime than the zone's, and a function pointer (alone, in an `Option`, an array or a tuple). The derive trusts
/// none of this. The compiler checks that a field which stays holds nothing of the old zone. If one field borrows from
/// both, as `&'z [&'src str]` does, [`Keep`] marks the part that stays: `&'z [Keep<&'src str>]`.
///
/// # What is copied
///
/// * Plain values are copied as they are. A reference is copied with the value that it refers to. Two references to one
///   value become references to two copies.
/// * `String`, `Vec` and `Box` move when a scope returns them, as their memory is not the zone's.
///   [`deep_copy`](DeepCopy::deep_copy) clones them. `Rc` and `Arc` are shared. A `ZBox` goes to the new zone. A
///   [`Zone`] becomes one more handle.
/// * The standard library's collections move in the same way if nothing in them changes, as in a `HashMap<String,
///   f32>`. Otherwise they are made anew of the copies of their items. Items that become equal are one. (`BTreeMap`,
///   `BTreeSet` and `LinkedList` cannot be asked for room, and end the program if the system has no memory.)
/// * Collections in a zone ([`Zone::vec`], [`Zone::string`], maps, boxes) become the same collections in the new zone,
///   with their items, in one copy that takes just the room they need.
/// * A `Cow` that borrows becomes one that borrows from the new zone. A `Pin<Box<T>>` moves if its value stays as it
///   is. Otherwise its value is copied, as it cannot move.
/// * Atomics are read once. A `OnceCell` is filled if it was filled.
/// * The standard library's errors move or are cloned. An [`io::Error`](std::io::Error) and a `Box<dyn Error>` have no
///   `Clone`. They are copied by the system's number or by their kind, with the same text, and the copy cannot be
///   downcast.
/// * [`Keep`] passes a value on as it is. The value must outlive the new zone, or be in it already.
/// * If a `RefCell` is mutably borrowed at that moment, copying it panics, as its `borrow` does.
///
/// # Depth
///
/// Lists and trees of any depth are copied on 24 KiB of stack, without memory of the system's. References that lead
/// deeper than that are noted in the places of the copies, and followed later.
///
/// Owners (`Box`, `Vec`, [`ZBox`](crate::ZBox) and [`HBox`](crate::HBox)) that are nested deeper than that need tasks
/// on the system's heap, 600 to 800 bytes for each level until the copy ends. A section that denies refuses those.
/// References into a zone need none, and an `Rc` or `Arc` is shared, however long a chain it begins. The copy does not
/// recurse, but the destructors of such owners do, as std's: take a chain of thousands apart before it is dropped. An
/// error may drop what was copied by then.
///
/// Some copies recurse: those of implementations written by hand, of values in a `RefCell` or a set, and of enums whose
/// copy is of another type. If more than four of them are nested that have each used up those 24 KiB, the copy returns
/// [`ZoneError::TooDeep`]. So they take up to 120 KiB of stack. Derived types, linked by references, `Cell`s of them or [`Wire`](crate::Wire)s, have no such
/// limit.
///
/// A structure that leads back to itself (through a `Cell` or a [`Wire`](crate::Wire)) gives [`ZoneError::Cycle`], at
/// the latest when the copy has taken several times its size, or some MiB where its values lead to several others. [`zcopy_shared`](crate::zcopy_shared) copies such a
/// structure. A value that is shared is copied once for each way to it, up to a budget
/// ([`zcopy_within`](crate::zcopy_within)).
///
/// # Real-time
///
/// Yes, within the target's [`remaining`](Zone::remaining) bytes, if the value has no heap memory to clone. Owners must
/// not be nested deeper than the section on depth says.
///
/// # Safety
///
/// The trait is safe to implement. A wrong implementation can return wrong values, but never wrong memory.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be copied to another zone",
    label = "it, or what is in it, has no `DeepCopy`",
    note = "for a type of your own, add `#[derive(DeepCopy)]`",
    note = "what outlives the target zone is passed on as it is in a field with `#[deep_copy(keep)]`, or wrapped in `memzone::Keep`"
)]
pub trait DeepCopy<'z> {
    /// The same type, living in the zone `'z`.
    type Copied: 'z;

    /// Whether values hold nothing but themselves, so that copying one runs no code that could
    /// ask for the current zone.
    #[doc(hidden)]
    const FLAT: bool = false;

    /// Whether moving a value is copying it: it owns nothing, and no part of it stays as it is.
    #[doc(hidden)]
    const MOVE_IS_COPY: bool = false;

    /// What the type promises of `write_at`.
    #[doc(hidden)]
    const IN_PLACE: InPlace<Self> = InPlace::NO;

    /// Whether the copy's type has the lifetimes of this one, but for the zone's.
    #[doc(hidden)]
    const KEEPS_LIFETIMES: KeepsLifetimes<Self> = KeepsLifetimes::NO;

    /// Whether no code but memzone's own runs to copy it, so that nobody asks for the thread's
    /// current zone meanwhile.
    #[doc(hidden)]
    const UNWATCHED: bool = Self::FLAT;

    /// Copies the value, with all it points to, to a zone.
    ///
    /// By hand, where the derive does not do: here nothing of the cache is to be copied.
    ///
    /// ```
    /// use memzone::{DeepCopy, Zone, ZoneError};
    ///
    /// struct Wave<'z> {
    ///     samples: &'z [f32],
    ///     cache: Option<&'z [f32]>,
    /// }
    ///
    /// impl<'z> DeepCopy<'z> for Wave<'_> {
    ///     type Copied = Wave<'z>;
    ///
    ///     fn deep_copy(&self, to: &'z Zone) -> Result<Wave<'z>, ZoneError> {
    ///         Ok(Wave { samples: self.samples.deep_copy(to)?, cache: None })
    ///     }
    /// }
    ///
    /// let zone = Zone::new(4096);
    /// let wave = Wave { samples: &[0.5; 64], cache: Some(&[1.0; 64]) };
    /// let copied = wave.deep_copy(&zone)?;
    /// assert_eq!((copied.samples.len(), copied.cache, zone.used()), (64, None, 256));
    /// # Ok::<(), ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`], [`Cycle`](ZoneError::Cycle), [`TooDeep`](ZoneError::TooDeep),
    /// [`OverBudget`](ZoneError::OverBudget).
    ///
    /// All that a failed copy has taken is given back, blocks too, if no code but memzone's own has run in it: if the
    /// types are derived, plain values, references to such, `Option`, tuples, arrays and the like, without `keep`, and
    /// need no destructor. Else it stays in the zone, unused, as other code may know what was put into the zone.
    ///
    /// # Real-time
    ///
    /// As [the trait](DeepCopy#real-time).
    fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError>;

    /// Copies a slice; plain data in one go.
    ///
    /// ```
    /// use memzone::{DeepCopy, Zone};
    ///
    /// let zone = Zone::new(4096);
    /// let words = DeepCopy::deep_copy_slice(&["one", "two"], &zone)?;
    /// assert_eq!(*words, ["one", "two"]);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`deep_copy`](DeepCopy::deep_copy).
    ///
    /// # Real-time
    ///
    /// As [the trait](DeepCopy#real-time).
    fn deep_copy_slice(items: &[Self], to: &'z Zone) -> Result<&'z mut [Self::Copied], ZoneError>
    where
        Self: Sized,
    {
        Run::slice_alone(items, to)
    }

    /// Moves the value to a zone. This is what scopes call: what owns its memory elsewhere, like a
    /// `Vec`, is not cloned.
    ///
    /// ```
    /// use memzone::{DeepCopy, Zone};
    ///
    /// let (zone, list) = (Zone::new(4096), vec![1, 2, 3]);
    /// let place = list.as_ptr();
    /// let moved = list.move_out(&zone)?;
    /// assert_eq!((moved.as_ptr(), zone.used()), (place, 0));
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`deep_copy`](DeepCopy::deep_copy). The value is lost then.
    ///
    /// # Real-time
    ///
    /// As [the trait](DeepCopy#real-time). A `String`, `Vec` or `Box` moves without asking for
    /// memory, where its items' copies are of their size.
    fn move_out(self, to: &'z Zone) -> Result<Self::Copied, ZoneError>
    where
        Self: Sized,
    {
        let copied = match Self::FLAT || Self::IN_PLACE.is_trusted() {
            true => self.deep_copy(to),
            false => without_table(|| self.deep_copy(to)),
        };
        // Not at the end of the function, where its panic would leak what is returned.
        drop(self);
        copied
    }

    /// Whether the zone may go back after a copy that has failed; see `undo.rs`.
    #[doc(hidden)]
    fn undo(_known: &mut Known) -> Undo<Self>
    where
        Self: Sized,
    {
        Undo::no()
    }

    /// `deep_copy` as a part of a larger one.
    #[doc(hidden)]
    #[inline]
    fn copy_at(&self, to: &'z Zone, _depth: Depth) -> Result<Self::Copied, ZoneError> {
        match Self::FLAT || Self::IN_PLACE.is_trusted() {
            true => self.deep_copy(to),
            false => without_table(|| self.deep_copy(to)),
        }
    }

    /// Writes the value's copy to its place. Called only where `IN_PLACE` promises that it does.
    ///
    /// # Safety
    ///
    /// I42: `place` has room for it.
    #[doc(hidden)]
    unsafe fn write_at(&self, _place: *mut Self::Copied, _run: &mut Run<'z>) -> bool
    where
        Self: Sized,
    {
        unreachable!("the type has promised nothing")
    }

    #[doc(hidden)]
    #[inline]
    fn copy_array<const N: usize>(
        items: &[Self; N],
        to: &'z Zone,
        depth: Depth,
    ) -> Result<[Self::Copied; N], ZoneError>
    where
        Self: Sized,
    {
        array(|index| items[index].copy_at(to, depth))
    }

    #[doc(hidden)]
    #[inline]
    fn move_array<const N: usize>(
        items: [Self; N],
        to: &'z Zone,
    ) -> Result<[Self::Copied; N], ZoneError>
    where
        Self: Sized,
    {
        let mut items = items.into_iter();
        array(|_| items.next().expect("as many as there are").move_out(to))
    }

    /// `deep_copy` as a task, so that what it leads to is not copied on this thread's stack.
    #[doc(hidden)]
    fn copy_later<'s>(
        &'s self,
        to: &'z Zone,
        _work: Work<'s>,
    ) -> impl Future<Output = Result<Self::Copied, ZoneError>> + 's
    where
        'z: 's,
    {
        async move { self.deep_copy(to) }
    }

    /// `move_out` as a task.
    #[doc(hidden)]
    fn move_later<'s>(
        self,
        to: &'z Zone,
        _work: Work<'s>,
    ) -> impl Future<Output = Result<Self::Copied, ZoneError>> + 's
    where
        Self: Sized + 's,
        'z: 's,
    {
        async move { self.move_out(to) }
    }

    /// Gives back what holds values that stay as they are when they move, as what holds their copies: those have the
    /// same type then. `Err` where they do not stay.
    #[doc(hidden)]
    fn same<H: Holder>(held: H::Of<Self>) -> Result<H::Of<Self::Copied>, H::Of<Self>>
    where
        Self: Sized,
    {
        Err(held)
    }
}

/// Passes a value on without copying it, such as a reference that outlives the zone it is passed to.
///
/// ```
/// use memzone::{DeepCopy, Keep, Zone, beginz};
///
/// #[derive(DeepCopy)]
/// struct Name<'z> {
///     text: Keep<&'static str>, // stays where it is
///     letters: &'z [u8],        // goes to the outer zone
/// }
///
/// let outer = Zone::new(1024);
/// let name: Name = beginz!(z in &outer => {
///     let text = "a literal lives for ever";
///     Name { text: Keep(text), letters: z.alloc_slice_copy(text.as_bytes()) }
/// });
/// assert_eq!((name.text.len(), name.letters.len(), outer.used()), (24, 24, 24));
/// ```
///
/// It needs `Clone` where what it is in is copied. Where a scope returns one as its value, it moves, whatever it holds.
///
/// # Real-time
///
/// Yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keep<T>(pub T);

impl<T> Deref for Keep<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Keep<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// Makes an array, or stops at the first error.
#[inline(always)]
fn array<T, const N: usize>(
    mut make: impl FnMut(usize) -> Result<T, ZoneError>,
) -> Result<[T; N], ZoneError> {
    let mut error = None;
    let made: [Option<T>; N] = core::array::from_fn(|index| {
        if error.is_some() {
            return None;
        }
        make(index).map_err(|e| error = Some(e)).ok()
    });
    match error {
        None => Ok(made.map(|item| item.expect("no error, so all are made"))),
        Some(error) => Err(error),
    }
}
