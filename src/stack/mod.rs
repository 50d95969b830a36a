//! The thread's stack of zones, and the spare zones above its top.
//!
//! The zones of scopes are a list, linked through their headers: those of the active scopes, from the
//! outermost to the innermost, and above them the spare ones. Entering a scope is only going one zone
//! further in it, and leaving is going back. What is pushed is an array apart: each entry says over
//! which scope's zone it lies, and that one is marked, so that its scope's end looks. The default zone
//! lies below all.
//!
//! Entering and leaving read one thread-local that has no destructor. Another one lets go of it all
//! when the thread ends; from then on (or before the first use) the next spare is the static empty
//! zone, whose lack of room leads to the slow path (I9).

use crate::error::{Request, ZoneError, or_panic};
use crate::insight::ledger;
use crate::insight::stats::{self, Counters};
use crate::region::header::{DEFAULT_CAPACITY, HEADER, Header, state};
use crate::region::stale;
use crate::system::pages::LockError;
use crate::system::{aside, section};
use crate::zone::{Zone, ZoneBuilder};
use core::cell::{Cell, RefCell};
use core::marker::PhantomData;
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
const LONG: u32 = 64;

/// Zones that can be pushed before the array is made longer.
const FIRST_PUSHED: usize = 16;

/// The most zones that can be pushed: as many as a zone can count entries, but for the one that the
/// default zone has for being there.
const MOST_PUSHED: usize = (state::ENTRIES / state::ENTRY) as usize - 1;

// The default zone, pushed as often as there is room, and its own entry.
const _: () = assert!((MOST_PUSHED as u64 + 1) * state::ENTRY <= state::ENTRIES);

/// Stands for no zone where a zone may stand.
const NONE: NonNull<Header> = Header::empty();

/// An entry of the array.
#[derive(Clone, Copy)]
struct Pushed {
    zone: NonNull<Header>,
    /// The zone of the innermost scope that was active, if any.
    over: NonNull<Header>,
}

struct Stack {
    /// The spare zone for the next scope, if there is one.
    next: Cell<NonNull<Header>>,
    /// Where the thread counts, once it has a place; see `stats.rs`.
    counters: Cell<Option<&'static Counters>>,
    /// The last zone of the list, if there is one.
    last: Cell<NonNull<Header>>,
    /// How many zones are in the list.
    zones: Cell<usize>,
    /// The default zone, once it is made.
    default: Cell<NonNull<Header>>,
    /// Emptied by `tear_down`, as this has no destructor.
    pushed: RefCell<ManuallyDrop<Vec<Pushed>>>,
    /// Whether there is a stack: not before the first use, nor after the thread's end.
    made: Cell<bool>,
    keep: Cell<usize>,
    /// Bytes of the system's that the zones in the list have together. What one has grown by in its active scope may be
    /// in it or not.
    held: Cell<usize>,
    /// How many zones of the list, from the lowest on, a plan has asked for.
    planned: Cell<usize>,
    /// Scopes that were more than a cursor to put back, since spares were last looked at.
    busy: Cell<u32>,
    /// The least room that spare zones are made with.
    spare_size: Cell<usize>,
    /// The room that the default zone is made with.
    default_size: Cell<usize>,
}

thread_local! {
    static STACK: Stack = const {
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
    // SAFETY: (I1) private to this file, called on headers that the list, an entry, a scope or a
    // handle keeps alive for longer than the reference.
    unsafe { header.as_ref() }
}

fn above(zone: NonNull<Header>) -> NonNull<Header> {
    header(zone).links.above.get()
}

fn below(zone: NonNull<Header>) -> NonNull<Header> {
    header(zone).links.below.get()
}

fn is(zone: NonNull<Header>, flag: u64) -> bool {
    header(zone).state.get() & flag != 0
}

fn mark(zone: NonNull<Header>, flag: u64) {
    header(zone).state.set(header(zone).state.get() | flag);
}

fn unmark(zone: NonNull<Header>, flag: u64) {
    header(zone).state.set(header(zone).state.get() & !flag);
}

/// The list of the scopes' zones.
impl Stack {
    /// The zone of the innermost active scope that is in the list.
    fn innermost(&self) -> NonNull<Header> {
        if self.next.get() == NONE { self.last.get() } else { below(self.next.get()) }
    }

    /// The zones of the active scopes, innermost first.
    fn active(&self) -> impl Iterator<Item = NonNull<Header>> + use<> {
        let some = |zone| (zone != NONE).then_some(zone);
        core::iter::successors(some(self.innermost()), move |&zone| some(below(zone)))
    }

    /// Puts a spare zone into the list, between two that are neighbours.
    fn insert(&self, below: NonNull<Header>, zone: NonNull<Header>, above: NonNull<Header>) {
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
    fn remove(&self, zone: NonNull<Header>) {
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
    fn zones_down(&self) -> impl Iterator<Item = NonNull<Header>> + use<> {
        let some = |zone| (zone != NONE).then_some(zone);
        core::iter::successors(some(self.last.get()), move |&zone| some(below(zone)))
    }

    /// Makes two zones neighbours. Without an upper one, the lower one is the last.
    fn link(&self, below: NonNull<Header>, above: NonNull<Header>) {
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
    fn counters(&self) -> &'static Counters {
        self.counters.get().unwrap_or(&stats::NOBODYS)
    }

    fn count_pushed(&self) -> usize {
        self.pushed.borrow().len()
    }

    fn depth(&self) -> usize {
        self.active().count() + self.count_pushed()
    }

    /// Makes sure that there is a stack, and room to push so many zones more. False: the thread is
    /// ending and has no stack any more.
    fn make_room(&self, more: usize) -> Result<bool, ZoneError> {
        let pushed = self.pushed.borrow();
        // The allocator may have given more room than it was asked for.
        let room = pushed.capacity().min(MOST_PUSHED);
        if self.made.get() && more <= room - pushed.len() {
            return Ok(true);
        }
        drop(pushed);
        self.make_longer(more)
    }

    #[cold]
    fn make_longer(&self, more: usize) -> Result<bool, ZoneError> {
        const SIZE: usize = size_of::<Pushed>();
        let (len, room) = (self.count_pushed(), self.pushed.borrow().capacity());
        let needed = len.saturating_add(more);
        if needed > MOST_PUSHED {
            let requested = needed.saturating_mul(SIZE);
            return Err(ZoneError::TooLarge { requested, available: MOST_PUSHED * SIZE });
        }
        let room = needed.max(2 * room).clamp(FIRST_PUSHED, MOST_PUSHED);
        let requested = room * SIZE;
        section::ask(Request::LongerStack, requested)?;
        if OWNER.try_with(|_| ()).is_err() {
            return Ok(false);
        }
        self.counters.set(Some(stats::register()));
        let mut longer = Vec::new();
        longer.try_reserve_exact(room).map_err(|_| ZoneError::OutOfMemory { requested })?;
        longer.extend_from_slice(&self.pushed.borrow());
        let old = self.pushed.replace(ManuallyDrop::new(longer));
        drop(ManuallyDrop::into_inner(old));
        self.made.set(true);
        Ok(true)
    }

    /// The thread ends: frees the spare zones and lets go of what is pushed. Zones of scopes that
    /// are still active belong to those.
    fn tear_down(&self) {
        // Hooks may use the stack again, so it goes first. There is no way back: `OWNER` is gone.
        if !self.made.replace(false) {
            return;
        }
        ledger::popped(0);
        let active = self.active();
        let mut spare = self.next.replace(NONE);
        self.last.set(NONE);
        self.zones.set(0);
        self.held.set(0);
        let pushed = ManuallyDrop::into_inner(self.pushed.take());
        let default = self.default.replace(NONE);
        for zone in active {
            unmark(zone, state::COVERED);
            mark(zone, state::DETACHED);
        }
        while spare != NONE {
            let next = above(spare);
            self.destroy_spare(spare);
            spare = next;
        }
        let default = (default != NONE).then_some(default);
        for zone in pushed.into_iter().rev().map(|entry| entry.zone).chain(default) {
            // SAFETY: (I1) the stack gives up its entry. This may run hooks.
            unsafe { Header::release(zone, state::ENTRY) };
        }
    }

    /// Frees a spare zone that is not in the list any more.
    fn destroy_spare(&self, zone: NonNull<Header>) {
        self.counters().spare_gone();
        // SAFETY: (I1) an idle spare belonged to the list alone. It has no hooks.
        unsafe { Header::destroy(zone) };
    }

    /// A spare zone with room for `bytes`, and its scope entered, where the fast path found none.
    fn enter(&self, bytes: usize) -> Result<NonNull<Header>, ZoneError> {
        let plan = self.spare_plan(bytes);
        if !self.make_room(0)? {
            // The scope that gets it owns it, without a list.
            let zone = plan.try_build()?.into_raw();
            mark(zone, state::DETACHED);
            return Ok(zone);
        }
        let zone = self.make_spare(self.next.get(), bytes, &plan)?;
        self.mark_oversize(zone);
        self.next.set(above(zone));
        self.was_busy();
        Ok(zone)
    }

    /// The spare zone itself, if it has room for `bytes`, or else a new one in its place. Where there
    /// is none, a new one at the list's end.
    fn make_spare(
        &self,
        small: NonNull<Header>,
        bytes: usize,
        plan: &ZoneBuilder,
    ) -> Result<NonNull<Header>, ZoneError> {
        if room(small) >= bytes.saturating_add(HEADER) {
            return Ok(small);
        }
        let zone = Header::make(&plan.settings)?;
        if small == NONE {
            self.insert(self.last.get(), zone, NONE);
        } else {
            self.insert(small, zone, above(small));
            self.remove(small);
            self.destroy_spare(small);
        }
        self.counters().spare_made(self.zones.get());
        Ok(zone)
    }

    /// What a spare zone for a scope of `bytes` is made by.
    fn spare_plan(&self, bytes: usize) -> ZoneBuilder {
        Zone::builder().capacity(bytes.max(self.spare_size.get()))
    }

    /// Makes sure that leaving the zone's scope looks at what is kept, if that is over the limit.
    fn mark_oversize(&self, zone: NonNull<Header>) {
        if self.excess(0) != 0 {
            mark(zone, state::OVERSIZE);
        }
    }

    /// How much over the limit the list is, with `more` bytes.
    fn excess(&self, more: usize) -> usize {
        self.held.get().saturating_add(more).saturating_sub(self.keep.get())
    }

    /// The idle spare zone that scopes come to last, with at least `others` other zones in the list.
    fn farthest_idle(&self, others: usize) -> Option<NonNull<Header>> {
        (self.next.get() != NONE && self.zones.get() > others).then(|| self.last.get())
    }

    fn drop_spare(&self, zone: NonNull<Header>) {
        self.remove(zone);
        self.destroy_spare(zone);
    }

    /// Counts a scope that was more than a cursor to put back. After many of them the end of the outermost scope looks
    /// which spare zones are still used.
    fn was_busy(&self) {
        let busy = self.busy.get().saturating_add(1);
        self.busy.set(busy);
        if busy % LONG == 0 {
            self.active().last().into_iter().for_each(|outermost| mark(outermost, state::OVERSIZE));
        }
    }

    /// Gives back each idle spare that no scope has used since the last time, but for planned ones.
    fn give_back_unused(&self) {
        if section::policy().is_some() {
            return;
        }
        self.busy.set(0);
        let planned = self.planned.get();
        let mut position = self.active().count();
        let mut spare = self.next.get();
        while spare != NONE {
            let (zone, next) = (spare, above(spare));
            spare = next;
            if position >= planned && is(zone, state::OVERSIZE) {
                self.drop_spare(zone);
            } else {
                // The end of a scope that uses it takes this away.
                mark(zone, state::OVERSIZE);
                position += 1;
            }
        }
    }

    /// Of the zones pushed over a scope's, or over the default zone, the topmost one; without any the
    /// scope's zone itself.
    fn topmost_over(&self, scope: NonNull<Header>) -> NonNull<Header> {
        if scope != NONE && !is(scope, state::COVERED) {
            return scope;
        }
        let pushed = self.pushed.borrow();
        let topmost = pushed.iter().rev().find(|entry| entry.over == scope);
        topmost.map_or(scope, |entry| entry.zone)
    }

    /// Takes off the topmost entry of those over the innermost scope, which it gives up to the caller.
    fn remove_pushed(&self) -> Option<NonNull<Header>> {
        let scope = self.innermost();
        let mut pushed = self.pushed.borrow_mut();
        let is_over = |entry: &&Pushed| entry.over == scope;
        let entry = *pushed.last().filter(is_over)?;
        ledger::popped(pushed.len());
        pushed.pop();
        if scope != NONE && pushed.last().filter(is_over).is_none() {
            unmark(scope, state::COVERED);
        }
        Some(entry.zone)
    }

    /// Takes off what is topmost, if it is not the default zone. A scope's zone is its guard's from
    /// then on, and not in the list.
    fn remove_top(&self) {
        if let Some(zone) = self.remove_pushed() {
            // SAFETY: (I1) the stack gives up its entry. This may run hooks, so it comes last.
            unsafe { Header::release(zone, state::ENTRY) };
            return;
        }
        let scope = self.innermost();
        debug_assert_ne!(scope, NONE);
        self.remove(scope);
        mark(scope, state::DETACHED);
        self.counters().spare_gone();
    }

    /// Takes off what is topmost, as long as it is above something that is still there.
    fn remove_while(&self, is_there: &dyn Fn() -> bool) {
        /// Goes on where a hook panics.
        struct Rest<'a>(&'a Stack, &'a dyn Fn() -> bool);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.remove_while(self.1);
            }
        }
        // Hooks of zones that go may themselves end scopes or push: look again after each.
        while is_there() {
            let rest = Rest(self, is_there);
            self.remove_top();
            core::mem::forget(rest);
        }
    }

    /// Ends a scope that cannot just be rewound.
    fn leave(&self, zone: NonNull<Header>) {
        /// Also where a hook panics that goes with what is above the scope.
        struct Finish<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Finish<'_> {
            fn drop(&mut self) {
                self.0.finish(self.1);
            }
        }
        let _finish = Finish(self, zone);
        self.remove_while(&|| !is(zone, state::DETACHED));
    }

    /// What becomes of a scope's zone that is not in the list.
    fn finish(&self, zone: NonNull<Header>) {
        struct Recycle<'a>(&'a Stack, NonNull<Header>);
        impl Drop for Recycle<'_> {
            fn drop(&mut self) {
                self.0.recycle(self.1);
            }
        }
        if !header(zone).is_sole() {
            self.counters().zone_retired();
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
        if is(zone, state::MOVED_ON) {
            self.was_busy();
        }
        // SAFETY: (I1) the scope's was the only handle, and its borrows have ended.
        unsafe { header(zone).rewind() };
        let excess = self.excess(header(zone).system_bytes());
        // Where nothing may be given back now, its next scope's end looks again.
        let denied = excess != 0 && aside::may_free(excess).is_err();
        if excess != 0 && !denied {
            self.shrink_for(zone);
        }
        let fits = denied || self.excess(header(zone).system_bytes()) == 0 || self.is_planned();
        if self.made.get() && fits {
            unmark(zone, state::DETACHED);
            self.insert(self.innermost(), zone, self.next.get());
            self.mark_oversize(zone);
            self.counters().spare_made(self.zones.get());
        } else {
            // SAFETY: (I1) the only handle is given up.
            unsafe { Header::release(zone, state::HANDLE) };
        }
        if self.busy.get() >= LONG && self.innermost() == NONE && self.made.get() {
            self.give_back_unused();
        }
    }

    /// Whether the zone that comes into the list next belongs to a plan.
    fn is_planned(&self) -> bool {
        self.planned.get() != 0 && self.active().count() < self.planned.get()
    }

    /// Gives memory back until a rewound zone that is not in the list fits into the limit with those that are: first
    /// the spare zones that scopes come to last, then what the zone itself has grown to.
    fn shrink_for(&self, zone: NonNull<Header>) {
        let excess = || self.excess(header(zone).system_bytes());
        // With the zone itself, as many as are planned.
        let others = self.planned.get().saturating_sub(1);
        while excess() != 0 {
            let Some(idle) = self.farthest_idle(others) else { break };
            self.drop_spare(idle);
        }
        if excess() != 0 {
            let keep = header(zone).system_bytes().saturating_sub(excess());
            // SAFETY: (I1) just rewound.
            unsafe { header(zone).trim(keep) };
        }
    }

    /// A handle to a zone on the stack, or to the default zone, made now where there is none.
    fn handle_to(&self, zone: NonNull<Header>) -> Result<Zone, ZoneError> {
        let mut zone = zone;
        if zone == NONE {
            zone = self.default.get();
        }
        if zone == NONE {
            if !self.make_room(0)? {
                // The thread is ending: a zone for this one use.
                return Zone::try_new(DEFAULT_CAPACITY);
            }
            let plan = Zone::builder().capacity(self.default_size.get()).name("default");
            let default = plan.try_build()?;
            zone = default.into_raw();
            // Counts as one more than are pushed; see `MOST_PUSHED`.
            header(zone).state.set(state::ENTRY);
            self.default.set(zone);
        }
        // SAFETY: (I1) never dropped, so not a handle that would have to be counted.
        let uncounted = ManuallyDrop::new(unsafe { Zone::from_raw(zone) });
        uncounted.try_clone()
    }

    /// A handle to the current zone.
    fn current(&self) -> Result<Zone, ZoneError> {
        self.handle_to(self.topmost_over(self.innermost()))
    }

    fn push(&self, zone: &Zone) -> Result<(), ZoneError> {
        if zone.header().state.get() & (state::EMPTY | state::SEALED) != 0 {
            zone.ensure_made()?;
        }
        if !self.make_room(1)? {
            return Ok(());
        }
        zone.header().state.set(zone.header().state.get() + state::ENTRY);
        let over = self.innermost();
        self.pushed.borrow_mut().push(Pushed { zone: zone.raw(), over });
        if over != NONE {
            mark(over, state::COVERED);
        }
        Ok(())
    }

    fn pop(&self) -> Result<Zone, ZoneError> {
        let scope = self.innermost();
        let top = self.pushed.borrow().last().copied();
        let top = top.filter(|top| top.over == scope).ok_or(match scope == NONE {
            true => ZoneError::StackEmpty,
            false => ZoneError::ScopeActive,
        })?;
        let zone = self.handle_to(top.zone)?;
        self.remove_pushed();
        zone.header().state.set(zone.header().state.get() - state::ENTRY);
        Ok(zone)
    }
}

/// Bytes of a zone's first block, header included. The empty zone has none.
#[inline(always)]
fn room(zone: NonNull<Header>) -> usize {
    header(zone).room
}

/// Enters a scope's zone with room for `bytes`, if there is a spare one. The guard holds the zone's one
/// handle.
#[inline(always)]
pub(crate) fn enter(bytes: usize) -> Option<NonNull<Header>> {
    STACK.with(|stack| {
        let zone = stack.next.get();
        if room(zone) < bytes.saturating_add(HEADER) {
            return None;
        }
        stack.next.set(header(zone).links.above.get());
        Some(zone)
    })
}

/// What `enter` does where no spare zone has the room.
#[cold]
#[inline(never)]
#[track_caller]
pub(crate) fn enter_cold(bytes: usize) -> Result<NonNull<Header>, ZoneError> {
    let _at = section::at_caller();
    STACK.with(|stack| stack.enter(bytes))
}

/// What a spare zone may keep of the system's memory on this thread.
#[cfg(feature = "profile")]
pub(crate) fn keep_limit() -> usize {
    STACK.with(|stack| stack.keep.get())
}

/// Whether the next scope finds a spare zone with room for `bytes`.
#[cfg(feature = "profile")]
pub(crate) fn has_spare(bytes: usize) -> bool {
    STACK.with(|stack| room(stack.next.get()) >= bytes.saturating_add(HEADER))
}

/// Ends a scope.
///
/// # Safety
///
/// I1: the caller gives up the scope's handle, and the scope's borrows have ended.
#[inline(always)]
pub(crate) unsafe fn leave(zone: NonNull<Header>) {
    STACK.with(|stack| {
        // Innermost, nothing pushed over it, one handle (the scope's), no entry, no flag: nothing but
        // the cursor to put back. A zone that is not in the list any more is `DETACHED`.
        let innermost = stack.next.get() == header(zone).links.above.get();
        if innermost && header(zone).state.get() == state::HANDLE {
            // SAFETY: (I2) the header lies in the block that the zone's data follows it in, and
            // without `MOVED_ON` the cursor is in that one.
            let data = unsafe { zone.cast::<u8>().add(HEADER) };
            // SAFETY: (I1) the caller's promise.
            unsafe { stale::close(data, header(zone).cursor.get()) };
            header(zone).cursor.set(data);
            stack.next.set(zone);
        } else {
            leave_cold(zone);
        }
    });
}

/// # Safety
///
/// That of `leave`.
#[inline(never)]
pub(crate) unsafe fn leave_outlined(zone: NonNull<Header>) {
    // SAFETY: (I1) the caller's promise.
    unsafe { leave(zone) };
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

/// Makes the default zone, with room for `default_zone` more bytes if those are any, and `scopes` spare zones of
/// `bytes` each above what is on the stack; raises the keep limit so that they may stay.
pub(crate) fn prepare(
    scopes: usize,
    bytes: usize,
    default_zone: usize,
    prefault: bool,
    lock: bool,
) -> Result<Got, ZoneError> {
    STACK.with(|stack| {
        let mut got = Got::default();
        if !stack.make_room(scopes)? {
            // The thread is ending: there is nothing to prepare for.
            return Ok(got);
        }
        if stack.default.get() == NONE {
            stack.default_size.set(default_zone);
        }
        if default_zone != 0 || stack.default.get() != NONE {
            let default = stack.handle_to(NONE)?;
            default.header().reserve(default_zone)?;
            got.add(default.header(), prefault, lock);
        }
        let plan = stack.spare_plan(bytes);
        let (active, mut next) = (stack.active().count(), stack.next.get());
        for made in 1..=scopes {
            let spare = stack.make_spare(next, bytes, &plan)?;
            stack.planned.set(stack.planned.get().max(active + made));
            stack.keep.set(stack.keep.get().max(stack.held.get()));
            got.add(header(spare), prefault, lock);
            next = above(spare);
        }
        Ok(got)
    })
}

/// A handle to the current zone.
pub(crate) fn current() -> Result<Zone, ZoneError> {
    STACK.with(Stack::current)
}

/// A handle to the zone below a scope's own.
pub(crate) fn enclosing(scope: NonNull<Header>) -> Result<Zone, ZoneError> {
    STACK.with(|stack| {
        if is(scope, state::DETACHED) {
            return stack.current();
        }
        stack.handle_to(stack.topmost_over(below(scope)))
    })
}

/// Makes a zone current until dropped, whatever is pushed or left meanwhile.
pub(crate) struct Entered {
    /// How many zones were pushed before.
    pushed: usize,
    /// Belongs to the thread's stack.
    not_send: PhantomData<*const ()>,
}

impl Entered {
    pub(crate) fn new(zone: &Zone) -> Result<Entered, ZoneError> {
        STACK.with(|stack| {
            let pushed = stack.count_pushed();
            stack.push(zone)?;
            Ok(Entered { pushed, not_send: PhantomData })
        })
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        STACK.with(|stack| stack.remove_while(&|| stack.count_pushed() > self.pushed));
    }
}

impl Zone {
    /// Makes this the thread's current zone while `body` runs, also if it unwinds. What `body`
    /// leaves pushed is removed, and scopes above that lose their place on the stack.
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
/// ```
/// use memzone::{Zone, alloc, pop_zone, push_zone};
///
/// let song = Zone::new(64 * 1024);
/// push_zone(&song);
/// let line = alloc::<f32>(480); // in `song`, as that is on top
/// assert!(song.contains(line.as_ptr()));
/// assert_eq!(pop_zone()?.used(), song.used());
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Panics
///
/// Where the system has no memory for a longer stack, and at 67,108,862 entries.
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
/// [`OutOfMemory`](ZoneError::OutOfMemory) for a longer stack, [`TooLarge`](ZoneError::TooLarge) at 67,108,862
/// entries, [`Denied`](ZoneError::Denied) in a real-time section that forbids a longer stack. Nothing is pushed then.
///
/// # Real-time
///
/// Yes, at a depth that the thread's stack has reached before.
#[cfg_attr(feature = "ledger", track_caller)]
pub fn try_push_zone(zone: &Zone) -> Result<(), ZoneError> {
    let count = STACK.with(|stack| stack.push(zone).map(|()| stack.count_pushed()))?;
    ledger::pushed::<Zone>(count, zone.capacity());
    Ok(())
}

/// Makes a zone of `bytes` and pushes it.
///
/// ```
/// use memzone::{pop_zone, push_new_zone, zone_depth};
///
/// let depth = zone_depth();
/// let zone = push_new_zone(64 * 1024);
/// assert_eq!(zone_depth(), depth + 1);
/// drop(zone); // the stack still has it
/// assert!(pop_zone()?.capacity() >= 64 * 1024); // freed here
/// # Ok::<(), memzone::ZoneError>(())
/// ```
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
#[track_caller]
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
/// [`ScopeActive`](ZoneError::ScopeActive) where the top belongs to a scope, and [`InUse`](ZoneError::InUse) where
/// the zone has 1,073,741,824 handles. It stays on the stack then.
///
/// # Real-time
///
/// Yes. Dropping the handle is not, if it is the last.
pub fn pop_zone() -> Result<Zone, ZoneError> {
    STACK.with(Stack::pop)
}

/// A handle to the thread's current zone: the topmost one, or the default zone of 1 MiB (see
/// [`set_default_zone_size`]), which is made on first use.
///
/// ```
/// use memzone::{beginz, peek_zone};
///
/// beginz!(z => {
///     let value = peek_zone().boxed(5); // in the scope's zone
///     assert!(z.contains(&*value));
/// });
/// ```
///
/// # Panics
///
/// Where [`try_peek_zone`] errs.
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
/// [`OutOfMemory`](ZoneError::OutOfMemory) for the default zone, [`Denied`](ZoneError::Denied) where a real-time
/// section forbids making it, and [`InUse`](ZoneError::InUse) where the zone has 1,073,741,824 handles.
///
/// # Real-time
///
/// Yes, unless it makes the default zone.
pub fn try_peek_zone() -> Result<Zone, ZoneError> {
    current()
}

/// Rewinds a zone; the same as [`Zone::reset`].
///
/// ```
/// use memzone::{Zone, reset_zone};
///
/// let mut zone = Zone::new(4096);
/// zone.alloc_slice(64, 0.0_f32);
/// reset_zone(&mut zone)?;
/// assert_eq!(zone.used(), 0);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
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
/// ```
/// use memzone::{Zone, ZoneError, destroy_zone};
///
/// let zone = Zone::new(4096);
/// let value = zone.boxed(1);
/// assert_eq!(destroy_zone(zone), Err(ZoneError::InUse { handles: 1 }));
/// assert_eq!(*value, 1); // and with it the zone ends
/// ```
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
/// ```
/// use memzone::{beginz, zone_depth};
///
/// let depth = zone_depth();
/// beginz!(assert_eq!(zone_depth(), depth + 1));
/// ```
///
/// # Real-time
///
/// Yes.
pub fn zone_depth() -> usize {
    STACK.with(Stack::depth)
}

/// Sets how much memory the thread's spare zones may keep between scopes, all of them together, in bytes of the
/// system's. Without it: 16 MiB, or what [`prepare_thread`](crate::rt::prepare_thread) has made, if that is more.
///
/// Spare zones over the limit are given back now, those that only the deepest scopes use first. Those of active scopes
/// are given back when the scope ends. A limit below what a plan has made takes from that too.
///
/// ```
/// use memzone::{beginz, set_keep_limit, stats};
///
/// beginz!(z => { z.alloc_slice(8 << 20, 0_u8); });
/// assert!(stats::thread().live > 8 << 20); // kept, for the next scope
/// set_keep_limit(1 << 20);
/// assert!(stats::thread().live <= 1 << 20);
/// ```
///
/// # Real-time
///
/// No: it may give memory back.
///
/// # Time complexity
///
/// Linear in the number of spare zones.
pub fn set_keep_limit(bytes: usize) {
    STACK.with(|stack| {
        stack.keep.set(bytes);
        stack.active().for_each(|zone| stack.mark_oversize(zone));
        if stack.excess(0) != 0 {
            stack.planned.set(0);
        }
        while let (1.., Some(zone)) = (stack.excess(0), stack.farthest_idle(0)) {
            if aside::may_free(stack.excess(0)).is_err() {
                // Whichever scope ends next looks again.
                core::iter::successors(Some(stack.next.get()), |&zone| Some(above(zone)))
                    .take_while(|&zone| zone != NONE)
                    .for_each(|zone| mark(zone, state::OVERSIZE));
                return;
            }
            let keep = header(zone).system_bytes().saturating_sub(stack.excess(0));
            let under = below(zone);
            stack.remove(zone);
            // SAFETY: (I1) an idle spare is rewound and the list's alone.
            unsafe { header(zone).trim(keep) };
            if stack.excess(header(zone).system_bytes()) == 0 {
                stack.insert(under, zone, NONE);
            } else {
                stack.destroy_spare(zone);
            }
        }
    });
}

/// Sets the least size of the spare zones that are made for this thread's scopes from now on, in bytes. Without it:
/// 32 KiB, so that scopes of different sizes use the same ones. With 0, a scope's zone is as large as the scope asks for: 4,096
/// bytes where it names no size. Spare zones that are there stay as they are.
///
/// ```
/// use memzone::{beginz, set_spare_size, stats};
///
/// set_spare_size(0);
/// beginz!(1000, z => { z.alloc(1); });
/// assert!(stats::thread().live < 2000);
/// ```
///
/// # Real-time
///
/// Yes.
pub fn set_spare_size(bytes: usize) {
    STACK.with(|stack| stack.spare_size.set(bytes));
}

/// Sets the size that this thread's default zone is made with on its first use, in bytes. Without it: 1 MiB. With 0 it
/// starts as small as a zone can be. It grows where it is used up, whatever its size is. If the
/// default zone is there already, this has no effect.
///
/// ```
/// use memzone::{peek_zone, set_default_zone_size, stats};
///
/// set_default_zone_size(0);
/// peek_zone().alloc(1);
/// assert!(stats::thread().live < 4096);
/// ```
///
/// # Real-time
///
/// Yes.
pub fn set_default_zone_size(bytes: usize) {
    STACK.with(|stack| stack.default_size.set(bytes));
}

/// Gives back the thread's idle spare zones now, but for those that [`prepare_thread`](crate::rt::prepare_thread) has
/// made, and says how many those were. In a real-time section it gives back none.
///
/// Without it, spare zones that were not used for long are given back by the thread's scopes, outside of sections: after 64 of
/// those that ask the system for memory or use more than a zone's first block. A thread that has none of those
/// keeps what it has, up to the [keep limit](set_keep_limit).
///
/// ```
/// use memzone::{beginz, stats, trim_spares};
///
/// beginz!(beginz!(beginz!({})));
/// assert_eq!(trim_spares(), 3);
/// assert_eq!(stats::thread().live, 0);
/// ```
///
/// # Real-time
///
/// No: it gives memory back.
///
/// # Time complexity
///
/// Linear in the number of spare zones.
pub fn trim_spares() -> usize {
    STACK.with(|stack| {
        if section::policy().is_some() {
            return 0;
        }
        let before = stack.zones.get();
        while let Some(idle) = stack.farthest_idle(stack.planned.get()) {
            stack.drop_spare(idle);
        }
        before - stack.zones.get()
    })
}
