//! The thread's stack of zones, and the spare zones above its top.
//!
//! The stack is an array of slots. Each holds an entry and the spare zone that a scope at this depth
//! uses. In a slot from the top upward the entry is the spare already, so that entering a scope is
//! only raising the top; pushing a zone puts another entry there, and popping it puts the spare
//! back. So an entry below the top is a scope's own if it is its slot's spare. Slot 0 holds the
//! default zone.
//!
//! Entering and leaving read one thread-local that has no destructor. Another one owns the slots
//! and frees them when the thread ends; from then on (or before the first use) the top points to
//! two static slots that hold the empty zone, whose lack of room leads each fast path to the cold
//! one (I9).

use crate::error::{Request, ZoneError};
use crate::stats::{self, Counters};
use crate::system::LockError;
use crate::zone::{DEFAULT_CAPACITY, HEADER, Header, Zone, ZoneBuilder, or_panic, state};
use crate::{aside, ledger, section};
use core::cell::Cell;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// Room of the default zone at the bottom of the stack.
const DEFAULT_ZONE: usize = 1 << 20;

/// The least room a spare zone is made with.
const SPARE: usize = 32 << 10;

/// What a spare zone may keep of the system's memory where nothing else is set.
const KEEP: usize = 16 << 20;

/// Slots of a stack when it is made.
const FIRST_SLOTS: usize = 16;

struct Slot {
    entry: Cell<NonNull<Header>>,
    spare: Cell<NonNull<Header>>,
}

impl Slot {
    const fn new() -> Slot {
        Slot { entry: Cell::new(Header::empty()), spare: Cell::new(Header::empty()) }
    }

    /// Puts a spare into a slot that nothing is pushed on.
    fn set_spare(&self, zone: NonNull<Header>) {
        self.entry.set(zone);
        self.spare.set(zone);
    }
}

struct Nowhere([Slot; 2]);
// SAFETY: (I3) these slots are never written to: a slot is written only after a spare with room
// was found in it, or after the stack was made.
unsafe impl Sync for Nowhere {}

static NOWHERE: Nowhere = Nowhere([Slot::new(), Slot::new()]);

const NOWHERE_BASE: NonNull<Slot> = match NonNull::new((&raw const NOWHERE.0[0]).cast_mut()) {
    Some(address) => address,
    None => panic!("a static has an address"),
};

/// Where a slot is: its distance from the first one, in bytes. Not a pointer, as the array moves
/// when it grows.
type Level = usize;

const LEVEL: Level = size_of::<Slot>();

struct Stack {
    /// The slot of the default zone.
    base: Cell<NonNull<Slot>>,
    /// The slot above the topmost entry, so at least `LEVEL`.
    top: Cell<Level>,
    /// How many slots there are: none before the first use and after the thread's end. The last
    /// one never gets an entry or a spare.
    slots: Cell<usize>,
    keep: Cell<usize>,
    /// Where the thread counts; see `stats.rs`.
    counters: Cell<&'static Counters>,
}

thread_local! {
    static STACK: Stack = const {
        Stack {
            base: Cell::new(NOWHERE_BASE),
            top: Cell::new(LEVEL),
            slots: Cell::new(0),
            keep: Cell::new(KEEP),
            counters: Cell::new(&stats::NOBODYS),
        }
    };
    static OWNER: Owner = const { Owner };
}

/// Frees the stack when the thread ends.
struct Owner;

impl Drop for Owner {
    fn drop(&mut self) {
        STACK.with(Stack::tear_down);
    }
}

#[inline(always)]
fn header<'a>(header: NonNull<Header>) -> &'a Header {
    // SAFETY: (I1) private to this file, called on headers that a slot, a scope or a handle keeps
    // alive for longer than the reference.
    unsafe { header.as_ref() }
}

impl Stack {
    /// The slot at a level up to the top.
    #[inline(always)]
    fn slot(&self, level: Level) -> &Slot {
        debug_assert!(level <= self.top.get().max(self.slots.get() * LEVEL));
        // SAFETY: (I9) within the array, or the two static slots where there is none.
        let slot = unsafe { self.base.get().byte_add(level) };
        // SAFETY: (I9) as above; no reference is used after the array has moved.
        unsafe { slot.as_ref() }
    }

    /// The slot of the next entry, and of the spare zone for the next scope.
    #[inline(always)]
    fn top_slot(&self) -> &Slot {
        self.slot(self.top.get())
    }

    fn depth(&self) -> usize {
        self.top.get() / LEVEL - 1
    }

    /// Makes the stack, or a larger one, if the top is the last slot. False: the thread is ending
    /// and has no stack any more.
    fn make_room(&self) -> Result<bool, ZoneError> {
        self.make_room_to(self.depth() + 1)
    }

    /// Makes the stack, or a larger one, if a slot of this number cannot have an entry.
    fn make_room_to(&self, highest: usize) -> Result<bool, ZoneError> {
        let old = self.slots.get();
        if highest.saturating_add(1) < old {
            return Ok(true);
        }
        let slots = if old == 0 { FIRST_SLOTS } else { old * 2 };
        let slots = slots.max(highest.saturating_add(2));
        // One entry a slot, but for the last one; entries are counted in 27 bits.
        let requested = slots.saturating_mul(size_of::<Slot>());
        if slots as u64 > state::ENTRIES / state::ENTRY + 1 {
            let available = old * size_of::<Slot>();
            return Err(ZoneError::TooLarge { requested, available });
        }
        section::ask(Request::LongerStack, requested)?;
        if OWNER.try_with(|_| ()).is_err() {
            return Ok(false);
        }
        self.counters.set(stats::register());
        let mut array = Vec::new();
        array.try_reserve_exact(slots).map_err(|_| ZoneError::OutOfMemory { requested })?;
        array.extend((0..old).map(|index| {
            let Slot { entry, spare } = self.slot(index * LEVEL);
            Slot { entry: entry.clone(), spare: spare.clone() }
        }));
        array.resize_with(slots, Slot::new);
        let array = NonNull::from(Box::leak(array.into_boxed_slice())).cast::<Slot>();
        drop(self.replace_slots(array, slots));
        Ok(true)
    }

    /// Puts another array in place of the slots, and returns the old one, if there was one.
    fn replace_slots(&self, base: NonNull<Slot>, slots: usize) -> Option<Box<[Slot]>> {
        let base = self.base.replace(base);
        let slots = self.slots.replace(slots);
        if slots == 0 {
            return None;
        }
        let array = NonNull::slice_from_raw_parts(base, slots);
        // SAFETY: (I9) leaked from a box of this length, and no longer the stack's.
        Some(unsafe { Box::from_raw(array.as_ptr()) })
    }

    /// The thread ends: frees the spare zones and lets go of what is pushed. Zones of scopes that
    /// are still active belong to those.
    fn tear_down(&self) {
        let depth = self.depth();
        // Hooks may use the stack again, so it goes first. There is no way back: `OWNER` is gone.
        self.top.set(LEVEL);
        ledger::popped(0);
        let Some(array) = self.replace_slots(NOWHERE_BASE, 0) else { return };
        for (index, slot) in array.iter().enumerate().rev() {
            let (entry, spare) = (slot.entry.get(), slot.spare.get());
            let pushed = index <= depth && entry != Header::empty();
            if pushed && entry == spare {
                detach(entry);
                continue;
            }
            if spare != Header::empty() {
                self.counters.get().spare_gone();
                // SAFETY: (I1) an idle spare belongs to its slot alone.
                unsafe { Header::destroy(spare) };
            }
            if pushed {
                // SAFETY: (I1) the slot gives up its entry.
                unsafe { Header::release(entry, state::ENTRY) };
            }
        }
    }

    /// A spare zone with room for `bytes`, and its slot entered, where the fast path found none.
    fn enter(&self, bytes: usize) -> Result<NonNull<Header>, ZoneError> {
        let plan = Zone::builder().capacity(bytes.max(SPARE));
        if !self.make_room()? {
            // The scope that gets it owns it, without a slot.
            let zone = plan.try_build()?.into_raw();
            detach(zone);
            return Ok(zone);
        }
        self.make_spare(self.depth() + 1, bytes, &plan)?;
        let zone = self.top_slot().spare.get();
        self.mark_oversize(zone);
        self.counters.get().scope_entered();
        self.top.set(self.top.get() + LEVEL);
        Ok(zone)
    }

    /// Makes sure that a slot from the top upward has a spare zone with room for `bytes`.
    fn make_spare(&self, number: usize, bytes: usize, plan: &ZoneBuilder) -> Result<(), ZoneError> {
        let slot = self.slot(number * LEVEL);
        let small = slot.spare.get();
        if room(small) >= bytes.saturating_add(HEADER) {
            return Ok(());
        }
        slot.set_spare(Header::make(plan)?);
        self.counters.get().spare_made(number);
        if small != Header::empty() {
            self.counters.get().spare_gone();
            // SAFETY: (I1) an idle spare belongs to its slot alone. It has no hooks.
            unsafe { Header::destroy(small) };
        }
        Ok(())
    }

    /// Makes sure that leaving the zone's scope looks at its size, if it is over the limit.
    fn mark_oversize(&self, zone: NonNull<Header>) {
        if header(zone).system_bytes() > self.keep.get() {
            header(zone).state.set(header(zone).state.get() | state::OVERSIZE);
        }
    }

    /// The slot of the scope that the zone belongs to.
    fn find_scope(&self, zone: NonNull<Header>) -> Option<Level> {
        let mut level = self.top.get();
        while level > LEVEL {
            level -= LEVEL;
            let slot = self.slot(level);
            if slot.entry.get() == zone && slot.spare.get() == zone {
                return Some(level);
            }
        }
        None
    }

    /// Takes off the topmost entry; the default zone is not one. A scope's zone is its guard's
    /// from then on, and no slot's.
    fn remove_top(&self) {
        debug_assert!(self.depth() > 0);
        ledger::popped(self.top.get());
        self.top.set(self.top.get() - LEVEL);
        let slot = self.top_slot();
        let entry = slot.entry.replace(slot.spare.get());
        if entry == slot.spare.get() {
            detach(entry);
            slot.set_spare(Header::empty());
            self.counters.get().spare_gone();
        } else {
            // SAFETY: (I1) the slot gives up its entry. This may run hooks, so it comes last.
            unsafe { Header::release(entry, state::ENTRY) };
        }
    }

    /// Ends a scope that cannot just be rewound.
    fn leave(&self, zone: NonNull<Header>) {
        /// Goes on where a hook panics.
        struct Rest<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.leave(self.1);
            }
        }
        // Hooks of zones that go with the entries above may themselves end scopes or push: look
        // again after each.
        while let Some(own) = self.find_scope(zone) {
            let last = self.top.get() - LEVEL == own;
            let rest = Rest(self, zone);
            self.remove_top();
            core::mem::forget(rest);
            if last {
                break;
            }
        }
        self.finish(zone);
    }

    /// Takes off what is above a depth.
    fn lower_to(&self, depth: usize) {
        /// Goes on where a hook panics.
        struct Rest<'a>(&'a Stack, usize);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.lower_to(self.1);
            }
        }
        while self.depth() > depth {
            let rest = Rest(self, depth);
            self.remove_top();
            core::mem::forget(rest);
        }
    }

    /// What becomes of a scope's zone that no slot holds.
    fn finish(&self, zone: NonNull<Header>) {
        struct Recycle<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Recycle<'_> {
            fn drop(&mut self) {
                self.0.recycle(self.1);
            }
        }
        if !header(zone).is_sole() {
            self.counters.get().zone_retired();
            // SAFETY: (I1) the scope gives up its handle; the others keep the zone.
            return unsafe { Header::release(zone, state::HANDLE) };
        }
        let recycle = Recycle(self, zone);
        if header(zone).state.get() & state::HOOKS != 0 {
            header(zone).run_hooks();
        }
        drop(recycle);
    }

    /// Rewinds a scope's zone and keeps it as a spare, within the keep limit.
    fn recycle(&self, zone: NonNull<Header>) {
        if !header(zone).is_sole() {
            // SAFETY: (I1) as in `finish`; a hook cannot get at the zone, but if it could, this
            // would be right.
            return unsafe { Header::release(zone, state::HANDLE) };
        }
        // SAFETY: (I1) the scope's was the only handle, and its borrows have ended.
        unsafe { header(zone).rewind() };
        let keep = self.keep.get();
        let oversize = header(zone).system_bytes() > keep;
        // Where nothing may be given back now, its next scope's end looks again.
        let denied = oversize && aside::may_free(header(zone).system_bytes() - keep).is_err();
        if oversize && !denied {
            // SAFETY: (I1) just rewound.
            unsafe { header(zone).trim(keep) };
        }
        let place = self.top_slot();
        let has_place = self.depth() + 2 < self.slots.get() && place.spare.get() == Header::empty();
        if has_place && (denied || header(zone).system_bytes() <= keep) {
            header(zone).state.set(header(zone).state.get() & !state::DETACHED);
            self.mark_oversize(zone);
            place.set_spare(zone);
            self.counters.get().spare_made(self.depth() + 1);
        } else {
            // SAFETY: (I1) the only handle is given up.
            unsafe { Header::release(zone, state::HANDLE) };
        }
    }

    /// A handle to the zone of an entry; a new one where there is none to speak of.
    fn handle_at(&self, level: Level) -> Result<Zone, ZoneError> {
        let mut entry = self.slot(level).entry.get();
        if entry == Header::empty() {
            if !self.make_room()? {
                // The thread is ending: a zone for this one use.
                return Zone::try_new(DEFAULT_CAPACITY);
            }
            // Only the default zone's slot is ever empty below the top.
            let zone = Zone::builder().capacity(DEFAULT_ZONE).name("default").try_build()?;
            entry = zone.into_raw();
            header(entry).state.set(state::ENTRY);
            self.slot(0).entry.set(entry);
        }
        Ok(Self::handle_to(entry))
    }

    /// One more handle to a zone that an entry keeps alive.
    fn handle_to(entry: NonNull<Header>) -> Zone {
        // SAFETY: (I1) never dropped, so not a handle that would have to be counted.
        let uncounted = ManuallyDrop::new(unsafe { Zone::from_raw(entry) });
        Zone::clone(&uncounted)
    }

    fn push(&self, zone: &Zone) -> Result<(), ZoneError> {
        if zone.header().state.get() & (state::EMPTY | state::SEALED) != 0 {
            zone.be_born()?;
        }
        if self.make_room()? {
            zone.header().state.set(zone.header().state.get() + state::ENTRY);
            self.top_slot().entry.set(zone.raw());
            self.top.set(self.top.get() + LEVEL);
        }
        Ok(())
    }

    fn pop(&self) -> Result<Zone, ZoneError> {
        if self.depth() == 0 {
            return Err(ZoneError::StackEmpty);
        }
        let top = self.slot(self.top.get() - LEVEL);
        let entry = top.entry.get();
        if entry == top.spare.get() {
            return Err(ZoneError::ScopeActive);
        }
        let zone = Self::handle_to(entry);
        top.entry.set(top.spare.get());
        ledger::popped(self.top.get());
        self.top.set(self.top.get() - LEVEL);
        header(entry).state.set(header(entry).state.get() - state::ENTRY);
        Ok(zone)
    }
}

/// Bytes of a zone's first block, header included. The empty zone has none.
#[inline(always)]
fn room(zone: NonNull<Header>) -> usize {
    header(zone).room
}

/// Marks a scope's zone that no slot holds, or not any more, so that the scope's end takes the slow
/// path.
fn detach(zone: NonNull<Header>) {
    header(zone).state.set(header(zone).state.get() | state::DETACHED);
}

/// A scope's zone, which its guard holds the one handle of, and where it was entered.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) zone: NonNull<Header>,
    level: Level,
}

/// Enters a scope's zone with room for `bytes`, if there is a spare one.
#[inline(always)]
pub(crate) fn enter(bytes: usize) -> Option<Entry> {
    STACK.with(|stack| {
        let level = stack.top.get();
        let zone = stack.slot(level).spare.get();
        if room(zone) < bytes.saturating_add(HEADER) {
            return None;
        }
        stack.top.set(level + LEVEL);
        stack.counters.get().scope_entered();
        Some(Entry { zone, level })
    })
}

/// What `enter` does where no spare zone has the room.
#[cold]
#[inline(never)]
pub(crate) fn enter_cold(bytes: usize) -> Result<Entry, ZoneError> {
    STACK.with(|stack| {
        let zone = stack.enter(bytes)?;
        Ok(Entry { zone, level: stack.top.get() - LEVEL })
    })
}

/// Ends a scope.
///
/// # Safety
///
/// I1: the caller gives up the scope's handle, and the scope's borrows have ended.
#[inline(always)]
pub(crate) unsafe fn leave(entry: Entry) {
    let Entry { zone, level } = entry;
    STACK.with(|stack| {
        // On top, one handle (the scope's), no entry, no flag: nothing but the cursor to put back.
        // The zone is still in the slot it was entered in, or else it would be `DETACHED`. The level
        // is compared, and kept in a register, so that the next scope need not wait for this one's
        // stores.
        if stack.top.get() == level + LEVEL && header(zone).state.get() == state::HANDLE {
            debug_assert_eq!(stack.slot(level).entry.get(), zone);
            // SAFETY: (I2) the header lies in the block that the zone's data follows it in, and
            // without `MOVED_ON` the cursor is in that one.
            header(zone).cursor.set(unsafe { zone.cast::<u8>().add(HEADER) });
            stack.top.set(level);
        } else {
            leave_cold(zone);
        }
    });
}

/// # Safety
///
/// That of `leave`.
#[inline(never)]
pub(crate) unsafe fn leave_outlined(entry: Entry) {
    // SAFETY: the caller's promise.
    unsafe { leave(entry) };
}

#[cold]
#[inline(never)]
fn leave_cold(zone: NonNull<Header>) {
    STACK.with(|stack| stack.leave(zone));
}

/// What the thread's stack has after `prepare`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Got {
    /// Bytes of the system's that zones on the stack and above it have.
    pub(crate) bytes: usize,
    /// Pages that were touched.
    pub(crate) pages: usize,
    /// Bytes that are locked.
    pub(crate) locked: usize,
    /// Why not all of them are, if that was asked for.
    pub(crate) refused: Option<LockError>,
}

impl Got {
    fn add(&mut self, zone: &Header, prefault: bool, lock: bool) {
        self.bytes += zone.system_bytes();
        // Locking touches the pages too, but those in use only where it is not refused.
        if prefault {
            self.pages += zone.prefault();
        }
        if lock {
            self.refused = zone.lock().err().or(self.refused);
        }
        self.locked += if zone.is_locked() { zone.system_bytes() } else { 0 };
    }
}

/// Makes the default zone, with room for `default_zone` more bytes, and `scopes` spare zones of `bytes`
/// each above what is on the stack; raises the keep limit so that they may stay.
pub(crate) fn prepare(
    scopes: usize,
    bytes: usize,
    default_zone: usize,
    prefault: bool,
    lock: bool,
) -> Result<Got, ZoneError> {
    STACK.with(|stack| {
        let mut got = Got::default();
        let depth = stack.depth();
        if !stack.make_room_to(depth.saturating_add(scopes).saturating_add(1))? {
            // The thread is ending: there is nothing to prepare for.
            return Ok(got);
        }
        let default = stack.handle_at(0)?;
        default.header().reserve(default_zone)?;
        got.add(default.header(), prefault, lock);
        let plan = Zone::builder().capacity(bytes.max(SPARE));
        for number in depth + 1..=depth + scopes {
            stack.make_spare(number, bytes, &plan)?;
            let spare = header(stack.slot(number * LEVEL).spare.get());
            stack.keep.set(stack.keep.get().max(spare.system_bytes()));
            got.add(spare, prefault, lock);
        }
        Ok(got)
    })
}

/// A handle to the current zone.
pub(crate) fn current() -> Result<Zone, ZoneError> {
    STACK.with(|stack| stack.handle_at(stack.top.get() - LEVEL))
}

/// A handle to the zone below a scope's own.
pub(crate) fn enclosing(scope: NonNull<Header>) -> Result<Zone, ZoneError> {
    STACK.with(|stack| {
        let own = stack.find_scope(scope).unwrap_or(stack.top.get());
        stack.handle_at(own - LEVEL)
    })
}

/// Makes a zone current until dropped, whatever is pushed or left meanwhile.
pub(crate) struct Entered {
    /// The stack's depth before.
    depth: usize,
    /// Belongs to the thread's stack.
    not_send: PhantomData<*const ()>,
}

impl Entered {
    pub(crate) fn new(zone: &Zone) -> Result<Entered, ZoneError> {
        STACK.with(|stack| {
            let depth = stack.depth();
            stack.push(zone)?;
            Ok(Entered { depth, not_send: PhantomData })
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        STACK.with(|stack| stack.lower_to(self.depth));
    }
}

impl Zone {
    /// Makes this the thread's current zone while `body` runs, also if it unwinds. What `body`
    /// leaves pushed is removed.
    ///
    /// ```
    /// use memzone::{ZBox, Zone};
    ///
    /// let voices = Zone::new(4096);
    /// let voice = voices.enter(|| ZBox::new([0.0_f32; 64]));
    /// assert!(voices.contains(&*voice));
    /// ```
    ///
    /// # Panics
    ///
    /// Where [`push_zone`] does.
    ///
    /// # Real-time
    ///
    /// Yes, at a depth that the thread's stack has reached before.
    #[track_caller]
    pub fn enter<R>(&self, body: impl FnOnce() -> R) -> R {
        let _entered = or_panic(Entered::new(self));
        body()
    }

    /// Like [`enter`](Zone::enter), with an error instead of a panic. `body` is not run then.
    ///
    /// # Errors
    ///
    /// Those of [`try_push_zone`].
    ///
    /// # Real-time
    ///
    /// Yes, at a depth that the thread's stack has reached before.
    pub fn try_enter<R>(&self, body: impl FnOnce() -> R) -> Result<R, ZoneError> {
        let _entered = Entered::new(self)?;
        Ok(body())
    }
}

/// Pushes a zone on the thread's stack, which makes it the current one.
///
/// The stack keeps the zone alive, and holds it as often as it is pushed. Inside a scope, what is
/// pushed and not popped is removed when the scope ends. While the thread ends and memzone's own
/// thread-local is gone, pushing has no effect.
///
/// # Panics
///
/// Where the system has no memory for a longer stack, and at 134,217,726 entries.
///
/// # Real-time
///
/// Yes, at a depth that the thread's stack has reached before.
///
/// # Time complexity
///
/// Constant, amortised.
#[track_caller]
pub fn push_zone(zone: &Zone) {
    or_panic(try_push_zone(zone));
}

/// Like [`push_zone`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory) for a longer stack, [`TooLarge`](ZoneError::TooLarge) at 134,217,726
/// entries, [`Denied`](ZoneError::Denied) in a real-time section that forbids a longer stack. Nothing is pushed then.
///
/// # Real-time
///
/// Yes, at a depth that the thread's stack has reached before.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_push_zone(zone: &Zone) -> Result<(), ZoneError> {
    let level = STACK.with(|stack| stack.push(zone).map(|()| stack.top.get()))?;
    ledger::pushed(level, zone.capacity());
    Ok(())
}

/// Makes a zone of `bytes` and pushes it.
///
/// # Panics
///
/// Where [`Zone::new`] or [`push_zone`] do.
///
/// # Real-time
///
/// No: it makes a zone.
#[track_caller]
pub fn push_new_zone(bytes: usize) -> Zone {
    or_panic(try_push_new_zone(bytes))
}

/// Like [`push_new_zone`], with an error instead of a panic.
///
/// # Errors
///
/// Those of [`Zone::try_new`] and [`try_push_zone`].
///
/// # Real-time
///
/// No: it makes a zone.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_push_new_zone(bytes: usize) -> Result<Zone, ZoneError> {
    let zone = Zone::try_new(bytes)?;
    try_push_zone(&zone)?;
    Ok(zone)
}

/// Takes the topmost zone off the thread's stack, whichever it is, and returns a handle to it.
///
/// ```
/// use memzone::{ZoneError, Zone, pop_zone, push_zone};
///
/// let zone = Zone::new(1024);
/// push_zone(&zone);
/// drop(pop_zone()?);
/// assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty);
/// # Ok::<(), ZoneError>(())
/// ```
///
/// # Errors
///
/// [`StackEmpty`](ZoneError::StackEmpty) where only the default zone is left,
/// [`ScopeActive`](ZoneError::ScopeActive) where the top belongs to a scope.
///
/// # Real-time
///
/// Yes. Dropping the handle is not, if it is the last.
pub fn pop_zone() -> Result<Zone, ZoneError> {
    STACK.with(Stack::pop)
}

/// A handle to the thread's current zone: the topmost one, or the default zone of 1 MiB, which is
/// made on first use.
///
/// # Panics
///
/// Where the system has no memory for the default zone.
///
/// # Real-time
///
/// Yes, unless it makes the default zone.
#[track_caller]
pub fn peek_zone() -> Zone {
    or_panic(current())
}

/// Like [`peek_zone`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory) for the default zone, and [`Denied`](ZoneError::Denied) where a real-time
/// section forbids making it.
///
/// # Real-time
///
/// Yes, unless it makes the default zone.
pub fn try_peek_zone() -> Result<Zone, ZoneError> {
    current()
}

/// Rewinds a zone; the same as [`Zone::reset`].
///
/// # Errors
///
/// [`InUse`](ZoneError::InUse) while other handles, `ZBox`es or a scope hold it.
///
/// # Real-time
///
/// Yes, as far as the cleanup hooks are.
pub fn reset_zone(zone: &mut Zone) -> Result<(), ZoneError> {
    zone.reset()
}

/// Frees a zone now, or says that it is in use. Then this handle is gone, and the zone ends with
/// the last of the others.
///
/// # Errors
///
/// [`InUse`](ZoneError::InUse), with how many handles and stack entries are left.
///
/// # Real-time
///
/// No: it gives memory back.
pub fn destroy_zone(zone: Zone) -> Result<(), ZoneError> {
    zone.check_others(u64::MAX)
}

/// How many zones are on the thread's stack, scopes' ones included, the default zone not.
///
/// # Real-time
///
/// Yes.
pub fn zone_depth() -> usize {
    STACK.with(Stack::depth)
}

/// Sets how much memory each of the thread's spare zones may keep between scopes, in bytes of the
/// system's. Without it: 16 MiB. Spare zones over the limit give memory back now; those of active
/// scopes do when the scope ends.
///
/// # Real-time
///
/// No: it may give memory back.
pub fn set_keep_limit(bytes: usize) {
    STACK.with(|stack| {
        stack.keep.set(bytes);
        let depth = stack.depth();
        for index in 1..stack.slots.get() {
            let place = stack.slot(index * LEVEL);
            let zone = place.spare.get();
            if zone == Header::empty() || header(zone).system_bytes() <= bytes {
                continue;
            }
            let active = index <= depth && place.entry.get() == zone;
            if active || aside::may_free(header(zone).system_bytes() - bytes).is_err() {
                stack.mark_oversize(zone);
                continue;
            }
            // SAFETY: (I1) an idle spare is rewound and its slot's alone.
            unsafe { header(zone).trim(bytes) };
            if header(zone).system_bytes() > bytes {
                if place.entry.get() == zone {
                    place.entry.set(Header::empty());
                }
                place.spare.set(Header::empty());
                stack.counters.get().spare_gone();
                // SAFETY: (I1) the slot gives up its spare, which has no hooks.
                unsafe { Header::destroy(zone) };
            }
        }
    });
}

/// Allocates `len` default values in the thread's current zone. xtlang's `alloc` and `zalloc`.
///
/// ```
/// let samples = memzone::alloc::<f32>(64);
/// assert_eq!(samples[..], [0.0; 64]);
/// ```
///
/// # Panics
///
/// Where the zone has no room and cannot grow.
///
/// # Real-time
///
/// Yes, within the current zone's [`remaining`](Zone::remaining) bytes.
#[track_caller]
pub fn alloc<T: Copy + Default>(len: usize) -> crate::ZBox<[T]> {
    or_panic(try_alloc(len))
}

/// Like [`alloc`], with an error instead of a panic.
///
/// # Errors
///
/// Those of [`try_peek_zone`] and [`Zone::try_alloc_layout`].
///
/// # Real-time
///
/// Yes, within the current zone's [`remaining`](Zone::remaining) bytes.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_alloc<T: Copy + Default>(len: usize) -> Result<crate::ZBox<[T]>, ZoneError> {
    // `T::default` runs before anything is taken from the zone.
    let value = T::default();
    try_peek_zone()?.try_boxed_slice(len, value)
}
