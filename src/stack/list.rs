//! The list of the scopes' zones, and what else a thread keeps for its stack.

use crate::insight::stats::{self, Counters};
use crate::region::header::{Header, state};
use crate::system::per_thread::per_thread;
use core::cell::Cell;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// The size of the default zone at the bottom of the stack, if the program sets no other.
const DEFAULT_ZONE_SIZE: usize = if cfg!(feature = "std") { 1 << 20 } else { 4 << 10 };

/// The least size of a new spare zone, if the program sets no other.
const DEFAULT_SPARE_SIZE: usize = if cfg!(feature = "std") { 32 << 10 } else { 1 << 10 };

/// The most system memory that all spare zones of a thread may keep together, if the program sets no other
/// limit.
const DEFAULT_KEEP_LIMIT: usize = 16 << 20;

/// After this many busy scopes, the thread gives back the spare zones that it has not used meanwhile. A scope is busy
/// if it asked the system for something or used more than its zone's first block.
pub(super) const BUSY_SCOPES_PER_TRIM: u32 = 64;

/// The length that the array of pushed zones begins with.
pub(super) const FIRST_ARRAY_LENGTH: usize = 16;

/// The most zones that can be pushed. It is one less than the number of entries that a zone can count, because the
/// default zone has one entry for being there.
pub(super) const MAX_PUSHED: usize = (state::ENTRIES / state::ENTRY_UNIT) as usize - 1;

// A zone can count all its entries even if it is the default zone and everything pushed is that zone.
const _: () = assert!((MAX_PUSHED as u64 + 1) * state::ENTRY_UNIT <= state::ENTRIES);

/// How many arrays a thread may have. Each has twice as many places as the one before, or as many as there may be.
const MOST_ARRAYS: usize = (MAX_PUSHED / FIRST_ARRAY_LENGTH).ilog2() as usize + 2;

/// Stands for "no zone" where a zone is expected.
pub(super) const NO_ZONE: NonNull<Header> = Header::empty();

/// A zone that is pushed on the stack, or the default zone at its bottom.
#[derive(Clone, Copy)]
pub(super) struct Pushed {
    pub(super) zone: NonNull<Header>,
    /// The zone of the scope that was the innermost one when this was pushed. Without an active scope it is `NO_ZONE`.
    pub(super) over_scope: NonNull<Header>,
}

/// The place of an entry.
pub(super) type Place = NonNull<Cell<Pushed>>;

impl Pushed {
    /// The bottom of the stack before the default zone is made.
    pub(super) const BOTTOM: Pushed = Pushed { zone: NO_ZONE, over_scope: NO_ZONE };
}

struct NoEntry(Cell<Pushed>);
// SAFETY: (I9) nobody writes to it. There is no place after it, and the default zone is made after the array.
unsafe impl Sync for NoEntry {}

static NO_ENTRY_AT_ALL: NoEntry = NoEntry(Cell::new(Pushed::BOTTOM));

/// The only entry of a thread that has no stack: its bottom, without a default zone.
pub(super) const NO_ENTRY: Place = match NonNull::new((&raw const NO_ENTRY_AT_ALL.0).cast_mut()) {
    Some(place) => place,
    None => panic!("a static has an address"),
};

#[repr(C)]
pub(super) struct Stack {
    /// The spare zone that the next scope will use, or the end of the list. Without a stack it is `NO_ZONE`.
    pub(super) next_spare: Cell<NonNull<Header>>,
    /// The thread's counters, once it has registered; see `insight/stats.rs`.
    pub(super) counters: Cell<Option<&'static Counters>>,
    /// The number of zones in the list.
    pub(super) zone_count: Cell<usize>,
    /// The entry of the zone that was pushed last, or that of the default zone if none is pushed. It is one of the array (I9).
    /// Without a stack it is `NO_ENTRY`.
    pub(super) top: Cell<Place>,
    /// The last place of the array.
    pub(super) last_place: Cell<Place>,
    /// The array of what is pushed. At its start is the default zone. What comes after `top` is room for more.
    pub(super) array: Cell<Place>,
    /// All arrays that the thread has had, the one in use last. `tear_down` frees them, because this type may have no
    /// destructor (I9). They stay until then, so that a place in a former one is not taken for one in the array.
    pub(super) arrays: [Cell<Option<NonNull<[Cell<Pushed>]>>>; MOST_ARRAYS],
    /// Whether the stack is set up. It is not before its first use, nor after the thread's end.
    pub(super) is_set_up: Cell<bool>,
    pub(super) keep_limit: Cell<usize>,
    /// The bytes of system memory that all zones in the list have together. It may or may not include what a zone has
    /// grown by in its active scope.
    pub(super) held_bytes: Cell<usize>,
    /// How many zones a plan has asked for, counted from the bottom of the list.
    pub(super) planned_zones: Cell<usize>,
    /// The number of busy scopes since the spare zones were last looked at.
    pub(super) busy_scopes: Cell<u32>,
    /// The least size of a new spare zone.
    pub(super) spare_size: Cell<usize>,
    /// The size that the default zone will be made with.
    pub(super) default_size: Cell<usize>,
    /// The end of the list. It comes after the last zone and has no room, so entering a scope there takes the slow path.
    /// With it there is always a next zone, and the zone of the innermost scope is the one below that.
    end: ManuallyDrop<Header>,
}

per_thread! {
    pub(super) static STACK: Stack = const {
        Stack {
            next_spare: Cell::new(NO_ZONE),
            counters: Cell::new(None),
            zone_count: Cell::new(0),
            top: Cell::new(NO_ENTRY),
            last_place: Cell::new(NO_ENTRY),
            array: Cell::new(NO_ENTRY),
            arrays: [const { Cell::new(None) }; MOST_ARRAYS],
            is_set_up: Cell::new(false),
            keep_limit: Cell::new(DEFAULT_KEEP_LIMIT),
            held_bytes: Cell::new(0),
            planned_zones: Cell::new(0),
            busy_scopes: Cell::new(0),
            spare_size: Cell::new(DEFAULT_SPARE_SIZE),
            default_size: Cell::new(DEFAULT_ZONE_SIZE),
            end: ManuallyDrop::new(Header::without_memory()),
        }
    };
}

#[cfg(feature = "std")]
per_thread! {
    static END_OF_THREAD: EndOfThread = const { EndOfThread };
}

/// Its destructor frees the stack when the thread ends.
#[cfg(feature = "std")]
struct EndOfThread;

#[cfg(feature = "std")]
impl Drop for EndOfThread {
    fn drop(&mut self) {
        STACK.with(Stack::tear_down);
    }
}

/// Whether the thread goes on, so that it can have a stack. Its end frees the stack then.
#[cfg(feature = "std")]
pub(super) fn goes_on() -> bool {
    END_OF_THREAD.try_with(|_| ()).is_ok()
}

/// Without `std` nobody says when a thread ends.
#[cfg(not(feature = "std"))]
pub(super) fn goes_on() -> bool {
    true
}

#[inline(always)]
pub(super) fn header<'a>(header: NonNull<Header>) -> &'a Header {
    // SAFETY: (I1) this is private to the folder. It is called only for headers that the list, an entry, a scope or a
    // handle keeps alive for longer than the reference.
    unsafe { header.as_ref() }
}

pub(super) fn above(zone: NonNull<Header>) -> NonNull<Header> {
    header(zone).links.above.get()
}

#[inline(always)]
pub(super) fn below(zone: NonNull<Header>) -> NonNull<Header> {
    header(zone).links.below.get()
}

#[inline(always)]
pub(super) fn has_flag(zone: NonNull<Header>, flag: u64) -> bool {
    header(zone).state.get() & flag != 0
}

#[inline(always)]
pub(super) fn set_flag(zone: NonNull<Header>, flag: u64) {
    header(zone).state.set(header(zone).state.get() | flag);
}

#[inline(always)]
pub(super) fn clear_flag(zone: NonNull<Header>, flag: u64) {
    header(zone).state.set(header(zone).state.get() & !flag);
}

/// The list of the scopes' zones: first those of the active scopes, then the spare ones.
impl Stack {
    /// The zone of the innermost active scope in the list, or `NO_ZONE`.
    #[inline(always)]
    pub(super) fn innermost(&self) -> NonNull<Header> {
        below(self.next_spare.get())
    }

    /// What comes after the last zone of the list.
    pub(super) fn end(&self) -> NonNull<Header> {
        NonNull::from(&*self.end)
    }

    /// The last zone of the list, or `NO_ZONE`.
    pub(super) fn last_zone(&self) -> NonNull<Header> {
        below(self.end())
    }

    /// The zones of all active scopes, innermost first.
    pub(super) fn active(&self) -> impl Iterator<Item = NonNull<Header>> + use<> {
        let some = |zone| (zone != NO_ZONE).then_some(zone);
        core::iter::successors(some(self.innermost()), move |&zone| some(below(zone)))
    }

    /// Puts a spare zone into the list, between two neighbours.
    pub(super) fn insert(
        &self,
        below: NonNull<Header>,
        zone: NonNull<Header>,
        above: NonNull<Header>,
    ) {
        self.link(below, zone);
        self.link(zone, above);
        if self.next_spare.get() == above {
            self.next_spare.set(zone);
        }
        self.zone_count.set(self.zone_count.get() + 1);
        header(zone).count_blocks();
        self.held_bytes.set(self.held_bytes.get() + header(zone).system_bytes());
    }

    /// Takes a zone out of the list.
    pub(super) fn remove(&self, zone: NonNull<Header>) {
        let (below, above) = (below(zone), above(zone));
        if self.next_spare.get() == zone {
            self.next_spare.set(above);
        }
        self.link(below, above);
        self.zone_count.set(self.zone_count.get() - 1);
        // A zone that grew in its scope was counted with fewer bytes, or with the bytes that it had in the middle of
        // growing. So all are counted again.
        let held = match header(zone).has_changed() {
            true => self.zones_down().map(|zone| header(zone).system_bytes()).sum(),
            false => self.held_bytes.get() - header(zone).system_bytes(),
        };
        self.held_bytes.set(held);
    }

    /// All zones of the list, from the last one to the first.
    fn zones_down(&self) -> impl Iterator<Item = NonNull<Header>> + use<> {
        let some = |zone| (zone != NO_ZONE).then_some(zone);
        core::iter::successors(some(self.last_zone()), move |&zone| some(below(zone)))
    }

    /// Makes two zones neighbours. The upper one may be the end of the list, and the lower one may be `NO_ZONE`.
    pub(super) fn link(&self, below: NonNull<Header>, above: NonNull<Header>) {
        if below != NO_ZONE {
            header(below).links.above.set(above);
        }
        header(above).links.below.set(below);
    }
}

impl Stack {
    pub(super) fn counters(&self) -> &'static Counters {
        self.counters.get().unwrap_or(&stats::UNASSIGNED)
    }
}

/// The size of a zone's first block in bytes, including the header. It is zero for the static empty zone.
#[inline(always)]
pub(super) fn first_block_size(zone: NonNull<Header>) -> usize {
    header(zone).room
}
