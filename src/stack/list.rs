//! The thread's stack itself: the list of the scopes' zones, and what else the thread keeps.

use crate::insight::stats::{self, Counters};
use crate::region::header::{Header, state};
use core::cell::{Cell, RefCell};
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// Room of the default zone at the bottom of the stack, where nothing else is set.
const DEFAULT_ZONE: usize = 1 << 20;

/// The least room a spare zone is made with, where nothing else is set.
const SPARE: usize = 32 << 10;

/// What a thread's spare zones may keep together of the system's memory, where nothing else is set.
const KEEP: usize = 16 << 20;

/// After so many scopes that asked the system for something, or used more than a zone's first block, spare zones that
/// were not used meanwhile are given back.
pub(super) const LONG: u32 = 64;

/// Zones that can be pushed before the array is made longer.
pub(super) const FIRST_PUSHED: usize = 16;

/// The most zones that can be pushed: as many as a zone can count entries, but for the one that the
/// default zone has for being there.
pub(super) const MOST_PUSHED: usize = (state::ENTRIES / state::ENTRY) as usize - 1;

// The default zone, pushed as often as there is room, and its own entry.
const _: () = assert!((MOST_PUSHED as u64 + 1) * state::ENTRY <= state::ENTRIES);

/// Stands for no zone where a zone may stand.
pub(super) const NONE: NonNull<Header> = Header::empty();

/// An entry of the array.
#[derive(Clone, Copy)]
pub(super) struct Pushed {
    pub(super) zone: NonNull<Header>,
    /// The zone of the innermost scope that was active, if any.
    pub(super) over: NonNull<Header>,
}

pub(super) struct Stack {
    /// The spare zone for the next scope, if there is one.
    pub(super) next: Cell<NonNull<Header>>,
    /// Where the thread counts, once it has a place; see `stats.rs`.
    pub(super) counters: Cell<Option<&'static Counters>>,
    /// The last zone of the list, if there is one.
    pub(super) last: Cell<NonNull<Header>>,
    /// How many zones are in the list.
    pub(super) zones: Cell<usize>,
    /// The default zone, once it is made.
    pub(super) default: Cell<NonNull<Header>>,
    /// Emptied by `tear_down`, as this has no destructor.
    pub(super) pushed: RefCell<ManuallyDrop<Vec<Pushed>>>,
    /// Whether there is a stack: not before the first use, nor after the thread's end.
    pub(super) made: Cell<bool>,
    pub(super) keep: Cell<usize>,
    /// Bytes of the system's that the zones in the list have together. What one has grown by in its active scope may be
    /// in it or not.
    pub(super) held: Cell<usize>,
    /// How many zones of the list, from the lowest on, a plan has asked for.
    pub(super) planned: Cell<usize>,
    /// Scopes that were more than a cursor to put back, since spares were last looked at.
    pub(super) busy: Cell<u32>,
    /// The least room that spare zones are made with.
    pub(super) spare_size: Cell<usize>,
    /// The room that the default zone is made with.
    pub(super) default_size: Cell<usize>,
}

thread_local! {
    pub(super) static STACK: Stack = const {
        Stack {
            next: Cell::new(NONE),
            counters: Cell::new(None),
            last: Cell::new(NONE),
            zones: Cell::new(0),
            default: Cell::new(NONE),
            pushed: RefCell::new(ManuallyDrop::new(Vec::new())),
            made: Cell::new(false),
            keep: Cell::new(KEEP),
            held: Cell::new(0),
            planned: Cell::new(0),
            busy: Cell::new(0),
            spare_size: Cell::new(SPARE),
            default_size: Cell::new(DEFAULT_ZONE),
        }
    };
    pub(super) static OWNER: Owner = const { Owner };
}

/// Frees the stack when the thread ends.
pub(super) struct Owner;

impl Drop for Owner {
    fn drop(&mut self) {
        STACK.with(Stack::tear_down);
    }
}

#[inline(always)]
pub(super) fn header<'a>(header: NonNull<Header>) -> &'a Header {
    // SAFETY: (I1) private to this room, called on headers that the list, an entry, a scope or a
    // handle keeps alive for longer than the reference.
    unsafe { header.as_ref() }
}

pub(super) fn above(zone: NonNull<Header>) -> NonNull<Header> {
    header(zone).links.above.get()
}

pub(super) fn below(zone: NonNull<Header>) -> NonNull<Header> {
    header(zone).links.below.get()
}

pub(super) fn is(zone: NonNull<Header>, flag: u64) -> bool {
    header(zone).state.get() & flag != 0
}

pub(super) fn mark(zone: NonNull<Header>, flag: u64) {
    header(zone).state.set(header(zone).state.get() | flag);
}

pub(super) fn unmark(zone: NonNull<Header>, flag: u64) {
    header(zone).state.set(header(zone).state.get() & !flag);
}

/// The list of the scopes' zones.
impl Stack {
    /// The zone of the innermost active scope that is in the list.
    pub(super) fn innermost(&self) -> NonNull<Header> {
        if self.next.get() == NONE { self.last.get() } else { below(self.next.get()) }
    }

    /// The zones of the active scopes, innermost first.
    pub(super) fn active(&self) -> impl Iterator<Item = NonNull<Header>> + use<> {
        let some = |zone| (zone != NONE).then_some(zone);
        core::iter::successors(some(self.innermost()), move |&zone| some(below(zone)))
    }

    /// Puts a spare zone into the list, between two that are neighbours.
    pub(super) fn insert(
        &self,
        below: NonNull<Header>,
        zone: NonNull<Header>,
        above: NonNull<Header>,
    ) {
        self.link(below, zone);
        self.link(zone, above);
        // Also where neither is a zone: nothing is spare yet.
        if self.next.get() == above {
            self.next.set(zone);
        }
        self.zones.set(self.zones.get() + 1);
        header(zone).count_blocks();
        self.held.set(self.held.get() + header(zone).system_bytes());
    }

    /// Takes a zone out of the list.
    pub(super) fn remove(&self, zone: NonNull<Header>) {
        let (below, above) = (below(zone), above(zone));
        if self.next.get() == zone {
            self.next.set(above);
        }
        self.link(below, above);
        self.zones.set(self.zones.get() - 1);
        // One that grew in its scope was counted with less, or with what it had in the midst of that.
        let held = match header(zone).has_changed() {
            true => self.zones_down().map(|zone| header(zone).system_bytes()).sum(),
            false => self.held.get() - header(zone).system_bytes(),
        };
        self.held.set(held);
    }

    /// All zones of the list, from the last one down.
    pub(super) fn zones_down(&self) -> impl Iterator<Item = NonNull<Header>> + use<> {
        let some = |zone| (zone != NONE).then_some(zone);
        core::iter::successors(some(self.last.get()), move |&zone| some(below(zone)))
    }

    /// Makes two zones neighbours. Without an upper one, the lower one is the last.
    pub(super) fn link(&self, below: NonNull<Header>, above: NonNull<Header>) {
        if below != NONE {
            header(below).links.above.set(above);
        }
        if above == NONE {
            self.last.set(below);
        } else {
            header(above).links.below.set(below);
        }
    }
}

impl Stack {
    pub(super) fn counters(&self) -> &'static Counters {
        self.counters.get().unwrap_or(&stats::NOBODYS)
    }
}

/// Bytes of a zone's first block, header included. The empty zone has none.
#[inline(always)]
pub(super) fn room(zone: NonNull<Header>) -> usize {
    header(zone).room
}
