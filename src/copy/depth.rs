//! How deep a copy may recurse: it has a floor, an address on the machine's stack that it does not go below.

#![forbid(unsafe_code)]

use crate::error::ZoneError;
use crate::system::per_thread::{Key, per_thread};
use core::cell::Cell;

/// Stack a copy may use, in bytes.
const STACK: usize = if cfg!(feature = "std") { 24 << 10 } else { 2 << 10 };

/// A mark of a floor: the copy has a table, so that what is shared stays shared. Other floors have no marks.
pub(super) const SHARING: usize = 1;

/// A mark of a floor: the copy is watched from its start on, as it failed before.
const PROBING: usize = 2;

/// All marks that a floor may have.
pub(super) const MARKS: usize = SHARING | PROBING;

/// How many copies may be nested in one another that have each used up the floor of the one around them. Only
/// `DeepCopy`s written by hand and what is in a `RefCell` or a set lead to that: owners that are tasks are the first, two
/// deep `RefCell`s among them the next, and one more may lie at the end of a list that leads from there.
const MOST_NESTED: usize = 4;

per_thread! {
    /// The floor of the copy that this thread is in: how far down the stack it may go. None: 0.
    pub(super) static FLOOR: Cell<usize> = const { Cell::new(0) };
    /// How many bytes each run may take, but for slices of plain data and texts.
    pub(super) static BUDGET: Cell<usize> = const { Cell::new(1 << 29) };
    static NESTED: Cell<usize> = const { Cell::new(0) };
    /// The table of the copy whose floor is marked, as an address that its owner knows the type of.
    pub(super) static TABLE: Cell<*mut ()> = const { Cell::new(core::ptr::null_mut()) };
}

/// Sets a thread-local for as long as it lives.
pub(super) struct During<T: Copy + 'static>(&'static Key<Cell<T>>, T);

impl<T: Copy + 'static> During<T> {
    #[inline(always)]
    pub(super) fn new(key: &'static Key<Cell<T>>, value: T) -> Self {
        During(key, key.replace(value))
    }
}

impl<T: Copy + 'static> Drop for During<T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

// The stack grows downward on all our targets.
#[cfg(not(miri))]
pub(super) use crate::system::stack_bounds::stack_pointer as stack_top;

#[cfg(miri)]
per_thread! {
    /// How many references the copy follows just now, and how many values other code copies: in Miri a local's address
    /// says nothing.
    static FOLLOWED: Cell<usize> = const { Cell::new(0) };
}

#[cfg(miri)]
pub(super) fn stack_top() -> usize {
    usize::MAX - FOLLOWED.get() * 512
}

/// One more reference is followed, or one more value copied by other code, until this is dropped.
#[cfg(miri)]
pub(super) fn following() -> During<usize> {
    During::new(&FOLLOWED, FOLLOWED.get() + 1)
}

/// The floor of a copy that begins here. It has no marks, and is not 0.
#[inline(always)]
pub(super) fn floor() -> usize {
    let top = stack_top();
    // There the stack pointer has no odd values, and no stack lies that low.
    if cfg!(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri))) {
        return top.wrapping_sub(STACK);
    }
    top.saturating_sub(STACK).max(4) & !MARKS
}

/// Makes a copy whose runs are watched from their start on. `None` where that would be a copy with a table.
pub(super) fn probing<R>(copy: impl FnOnce() -> R) -> Option<R> {
    let outer = FLOOR.get();
    if outer & SHARING != 0 {
        return None;
    }
    let floor = if outer == 0 { floor() } else { outer };
    let _floor = During::new(&FLOOR, floor | PROBING);
    Some(copy())
}

/// Makes a copy with a table, whose runs find it. Other code that runs within a run does not.
pub(super) fn sharing<R>(table: *mut (), copy: impl FnOnce() -> R) -> R {
    let outer = FLOOR.get();
    let floor = if outer == 0 { floor() } else { outer & !PROBING };
    let _table = During::new(&TABLE, table);
    let _floor = During::new(&FLOOR, floor | SHARING);
    copy()
}

/// Whether the copy that this thread is in has a table, and no run uses it just now.
#[inline(always)]
pub(super) fn has_table() -> bool {
    FLOOR.get() & SHARING != 0
}

/// Runs code that is written by hand, whose copies find no table: what it copies may lie where something else was before.
#[inline]
pub(crate) fn without_table<R>(copy: impl FnOnce() -> R) -> R {
    let floor = FLOOR.get();
    if floor & SHARING == 0 {
        return copy();
    }
    let _floor = During::new(&FLOOR, floor & !SHARING);
    copy()
}

/// Runs a copy on a floor of its own, within one whose floor is used up.
///
/// # Errors
///
/// `TooDeep` where too many are nested.
#[cold]
#[inline(never)]
pub(super) fn nested<R>(copy: impl FnOnce() -> Result<R, ZoneError>) -> Result<R, ZoneError> {
    let nested = NESTED.get();
    if nested == MOST_NESTED {
        return Err(ZoneError::TooDeep);
    }
    let _nested = During::new(&NESTED, nested + 1);
    let _floor = During::new(&FLOOR, floor() | FLOOR.get() & SHARING);
    copy()
}

/// Within a copy of what owns: it goes on with tasks on the heap where it has used much of the stack.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Depth(());

impl Depth {
    /// That of a copy that is part of another.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn within() -> Depth {
        Depth(())
    }

    /// Starts a copy, or goes on with the one that this thread is in.
    ///
    /// # Real-time
    ///
    /// Yes, as far as the copy is.
    #[inline]
    pub fn enter<R>(copy: impl FnOnce(Depth) -> Result<R, ZoneError>) -> Result<R, ZoneError> {
        if FLOOR.get() != 0 {
            return copy(Depth(()));
        }
        // Put back last, also where the copy panics.
        let _floor = During::new(&FLOOR, floor());
        copy(Depth(()))
    }

    #[inline(always)]
    pub(super) fn is_used_up(self) -> bool {
        stack_top() < FLOOR.get()
    }
}
