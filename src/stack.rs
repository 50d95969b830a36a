//! The thread's stack of zones, and the spare zones above its top.
//!
//! The stack is an array of slots. A slot below the top holds the entry pushed there; every slot
//! also holds the spare zone that a scope at this depth uses. A scope's own entry is its slot's
//! spare, which tells it from pushed ones. Slot 0 holds the default zone.
//!
//! Entering and leaving read one thread-local that has no destructor. Another one owns the slots
//! and frees them when the thread ends; from then on (or before the first use) the top points to
//! two static slots that hold the empty zone, whose lack of room leads each fast path to the cold
//! one (I9).

use crate::error::ZoneError;
use crate::zone::{DEFAULT_CAPACITY, HEADER, Header, Zone, or_panic, state};
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
    const EMPTY: Slot =
        Slot { entry: Cell::new(Header::empty()), spare: Cell::new(Header::empty()) };
}

struct Nowhere([Slot; 2]);
// SAFETY: (I3) these slots are never written to: a slot is written only after a spare with room
// was found in it, or after the stack was made.
unsafe impl Sync for Nowhere {}

static NOWHERE: Nowhere = Nowhere([Slot::EMPTY, Slot::EMPTY]);

const NOWHERE_TOP: NonNull<Slot> = match NonNull::new((&raw const NOWHERE.0[1]).cast_mut()) {
    Some(address) => address,
    None => panic!("a static has an address"),
};

struct Stack {
    /// The slot above the topmost entry.
    top: Cell<NonNull<Slot>>,
    /// The slot of the default zone; none before the first use and after the thread's end.
    base: Cell<Option<NonNull<Slot>>>,
    /// How many slots there are. The last one never gets an entry or a spare.
    slots: Cell<usize>,
    keep: Cell<usize>,
}

thread_local! {
    static STACK: Stack = const {
        Stack {
            top: Cell::new(NOWHERE_TOP),
            base: Cell::new(None),
            slots: Cell::new(0),
            keep: Cell::new(KEEP),
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
fn slot<'a>(slot: NonNull<Slot>) -> &'a Slot {
    // SAFETY: (I9) private to this file, called on pointers into the live array or the static
    // slots, and the reference never outlives the expression or a growth of the array.
    unsafe { slot.as_ref() }
}

#[inline(always)]
fn header<'a>(header: NonNull<Header>) -> &'a Header {
    // SAFETY: (I1) private to this file, called on headers that a slot, a scope or a handle keeps
    // alive for longer than the reference.
    unsafe { header.as_ref() }
}

impl Stack {
    #[inline(always)]
    fn below(top: NonNull<Slot>) -> NonNull<Slot> {
        // SAFETY: (I9) there is a slot below the top at all times: the default zone's.
        unsafe { top.sub(1) }
    }

    #[inline(always)]
    fn above(top: NonNull<Slot>) -> NonNull<Slot> {
        // SAFETY: (I9) only called below the last slot.
        unsafe { top.add(1) }
    }

    fn depth(&self) -> usize {
        match self.base.get() {
            Some(base) => (self.top.get().addr().get() - base.addr().get()) / size_of::<Slot>() - 1,
            None => 0,
        }
    }

    /// The slot at an index below `slots`; index 0 is the default zone's.
    fn at(&self, index: usize) -> &Slot {
        let base = self.base.get().expect("the stack was made");
        assert!(index < self.slots.get());
        // SAFETY: (I9) within the array, just checked.
        slot(unsafe { base.add(index) })
    }

    /// Makes the stack, or a larger one, if the top is the last slot. False: the thread is ending
    /// and has no stack any more.
    fn make_room(&self) -> Result<bool, ZoneError> {
        let depth = self.depth();
        if self.base.get().is_some() && depth + 2 < self.slots.get() {
            return Ok(true);
        }
        if OWNER.try_with(|_| ()).is_err() {
            return Ok(false);
        }
        let old = self.slots.get();
        let slots = if old == 0 { FIRST_SLOTS } else { old * 2 };
        // One entry a slot, and entries are counted in 28 bits.
        let requested = slots * size_of::<Slot>();
        if slots as u64 > state::ENTRIES / state::ENTRY {
            let available = old * size_of::<Slot>();
            return Err(ZoneError::TooLarge { requested, available });
        }
        let mut array = Vec::new();
        array
            .try_reserve_exact(slots)
            .map_err(|_| ZoneError::OutOfMemory { requested })?;
        for index in 0..slots {
            let (entry, spare) = if index < old {
                let old = self.at(index);
                (old.entry.get(), old.spare.get())
            } else {
                (Header::empty(), Header::empty())
            };
            array.push(Slot { entry: Cell::new(entry), spare: Cell::new(spare) });
        }
        let array = NonNull::from(Box::leak(array.into_boxed_slice())).cast::<Slot>();
        self.free_slots();
        self.base.set(Some(array));
        self.slots.set(slots);
        // SAFETY: (I9) `depth + 1` was a slot of the old array, and the new one is longer.
        self.top.set(unsafe { array.add(depth + 1) });
        Ok(true)
    }

    /// Frees the array of slots, not what is in it. The caller sets a new top.
    fn free_slots(&self) {
        if let Some(base) = self.base.take() {
            let array = NonNull::slice_from_raw_parts(base, self.slots.replace(0));
            // SAFETY: (I9) made from a box of this length, and taken out of the cell just now.
            drop(unsafe { Box::from_raw(array.as_ptr()) });
        }
    }

    /// The thread ends: frees the spare zones and lets go of what is pushed. Zones of scopes that
    /// are still active belong to those.
    fn tear_down(&self) {
        let Some(base) = self.base.get() else { return };
        let (slots, depth) = (self.slots.get(), self.depth());
        // Hooks may use the stack again, so it goes first. There is no way back: `OWNER` is gone.
        self.base.set(None);
        self.slots.set(0);
        self.top.set(NOWHERE_TOP);
        let array = NonNull::slice_from_raw_parts(base, slots);
        // SAFETY: (I9) made from a box of this length, and taken out of the cell just now.
        let array = unsafe { Box::from_raw(array.as_ptr()) };
        for (index, slot) in array.iter().enumerate().rev() {
            let (entry, spare) = (slot.entry.get(), slot.spare.get());
            let pushed = index <= depth && entry != Header::empty();
            if pushed && entry == spare {
                continue;
            }
            if spare != Header::empty() {
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
            // SAFETY: the scope that gets it owns it, without a slot.
            return plan.try_build().map(Zone::into_raw);
        }
        if slot(self.top.get()).spare.get() == Header::empty() {
            let zone = plan.try_build()?.into_raw();
            slot(self.top.get()).spare.set(zone);
        } else if room(slot(self.top.get()).spare.get()) < bytes.saturating_add(HEADER) {
            let zone = plan.try_build()?.into_raw();
            let small = slot(self.top.get()).spare.replace(zone);
            // SAFETY: (I1) an idle spare belongs to its slot alone.
            unsafe { Header::destroy(small) };
        }
        let top = self.top.get();
        let zone = slot(top).spare.get();
        self.mark_oversize(zone);
        slot(top).entry.set(zone);
        self.top.set(Self::above(top));
        Ok(zone)
    }

    /// Makes sure that leaving the zone's scope looks at its size, if it is over the limit.
    fn mark_oversize(&self, zone: NonNull<Header>) {
        if header(zone).system_bytes() > self.keep.get() {
            header(zone).state.set(header(zone).state.get() | state::OVERSIZE);
        }
    }

    /// The slot of the scope that the zone belongs to.
    fn find_scope(&self, zone: NonNull<Header>) -> Option<NonNull<Slot>> {
        let base = self.base.get()?;
        let mut at = self.top.get();
        while at != Self::above(base) {
            at = Self::below(at);
            if slot(at).entry.get() == zone && slot(at).spare.get() == zone {
                return Some(at);
            }
        }
        None
    }

    /// Takes off the topmost entry; the default zone is not one. A scope's zone is its guard's
    /// from then on, and no slot's.
    fn remove_top(&self) {
        debug_assert!(self.depth() > 0);
        let top = Self::below(self.top.get());
        self.top.set(top);
        let entry = slot(top).entry.replace(Header::empty());
        if entry == slot(top).spare.get() {
            slot(top).spare.set(Header::empty());
        } else {
            // SAFETY: (I1) the slot gives up its entry. This may run hooks, so it comes last.
            unsafe { Header::release(entry, state::ENTRY) };
        }
    }

    /// Ends a scope that cannot just be rewound.
    fn leave(&self, zone: NonNull<Header>) {
        // Hooks of zones that go with the entries above may themselves end scopes or push: look
        // again after each.
        while let Some(own) = self.find_scope(zone) {
            let last = Self::below(self.top.get()) == own;
            self.remove_top();
            if last {
                break;
            }
        }
        self.finish(zone);
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
        if header(zone).system_bytes() > keep {
            // SAFETY: (I1) just rewound.
            unsafe { header(zone).trim(keep) };
        }
        let place = slot(self.top.get());
        let has_place = self.base.get().is_some()
            && self.depth() + 2 < self.slots.get()
            && place.spare.get() == Header::empty();
        if has_place && header(zone).system_bytes() <= keep {
            place.spare.set(zone);
        } else {
            // SAFETY: (I1) the only handle is given up.
            unsafe { Header::release(zone, state::HANDLE) };
        }
    }

    /// A handle to the zone of an entry; a new one where there is none to speak of.
    fn handle_at(&self, at: NonNull<Slot>) -> Result<Zone, ZoneError> {
        let mut entry = slot(at).entry.get();
        if entry == Header::empty() {
            if !self.make_room()? {
                // The thread is ending: a zone for this one use.
                return Zone::try_new(DEFAULT_CAPACITY);
            }
            // Only the default zone's slot is ever empty below the top.
            let zone = Zone::builder().capacity(DEFAULT_ZONE).name("default").try_build()?;
            entry = zone.into_raw();
            header(entry).state.set(state::ENTRY);
            self.at(0).entry.set(entry);
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
        if zone.header().state.get() & state::EMPTY != 0 {
            zone.be_born(DEFAULT_CAPACITY)?;
        }
        if self.make_room()? {
            zone.header().state.set(zone.header().state.get() + state::ENTRY);
            let top = self.top.get();
            slot(top).entry.set(zone.raw());
            self.top.set(Self::above(top));
        }
        Ok(())
    }

    fn pop(&self) -> Result<Zone, ZoneError> {
        if self.depth() == 0 {
            return Err(ZoneError::StackEmpty);
        }
        let top = Self::below(self.top.get());
        let entry = slot(top).entry.get();
        if entry == slot(top).spare.get() {
            return Err(ZoneError::ScopeActive);
        }
        let zone = Self::handle_to(entry);
        slot(top).entry.set(Header::empty());
        self.top.set(top);
        header(entry).state.set(header(entry).state.get() - state::ENTRY);
        Ok(zone)
    }
}

/// Bytes from a header to the end of the block that the cursor is in: of a rewound zone, its first
/// block's, header included. The empty zone has none.
#[inline(always)]
fn room(zone: NonNull<Header>) -> usize {
    header(zone).end.get().addr().get().wrapping_sub(zone.addr().get())
}

/// Enters a scope's zone with room for `bytes`. The caller owns its one handle.
#[inline(always)]
pub(crate) fn enter(bytes: usize) -> Result<NonNull<Header>, ZoneError> {
    STACK.with(|stack| {
        let top = stack.top.get();
        let zone = slot(top).spare.get();
        if room(zone) < bytes.saturating_add(HEADER) {
            return enter_cold(bytes);
        }
        slot(top).entry.set(zone);
        stack.top.set(Stack::above(top));
        Ok(zone)
    })
}

#[cold]
#[inline(never)]
fn enter_cold(bytes: usize) -> Result<NonNull<Header>, ZoneError> {
    STACK.with(|stack| stack.enter(bytes))
}

/// Ends a scope whose zone is `zone`.
///
/// # Safety
///
/// I1: the caller gives up the scope's handle, and the scope's borrows have ended.
#[inline(always)]
pub(crate) unsafe fn leave(zone: NonNull<Header>) {
    STACK.with(|stack| {
        let own = Stack::below(stack.top.get());
        // One handle (the scope's), no entry, no flag: nothing but the cursor to put back. An
        // equal entry is the scope's own then, as a pushed one would be counted.
        if slot(own).entry.get() == zone && header(zone).state.get() == state::HANDLE {
            // SAFETY: (I2) the header lies in the block that the zone's data follows it in, and
            // without `MOVED_ON` the cursor is in that one.
            header(zone).cursor.set(unsafe { zone.cast::<u8>().add(HEADER) });
            stack.top.set(own);
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
    // SAFETY: the caller's promise.
    unsafe { leave(zone) };
}

#[cold]
#[inline(never)]
fn leave_cold(zone: NonNull<Header>) {
    STACK.with(|stack| stack.leave(zone));
}

/// A handle to the current zone.
pub(crate) fn current() -> Result<Zone, ZoneError> {
    STACK.with(|stack| stack.handle_at(Stack::below(stack.top.get())))
}

/// A handle to the zone below a scope's own.
pub(crate) fn enclosing(scope: NonNull<Header>) -> Result<Zone, ZoneError> {
    STACK.with(|stack| {
        let own = stack.find_scope(scope).unwrap_or(stack.top.get());
        stack.handle_at(Stack::below(own))
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
        STACK.with(|stack| {
            while stack.depth() > self.depth {
                stack.remove_top();
            }
        });
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
    or_panic(STACK.with(|stack| stack.push(zone)));
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
    let zone = Zone::new(bytes);
    push_zone(&zone);
    zone
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
            let place = stack.at(index);
            let zone = place.spare.get();
            if zone == Header::empty() || header(zone).system_bytes() <= bytes {
                continue;
            }
            if index <= depth && place.entry.get() == zone {
                stack.mark_oversize(zone);
                continue;
            }
            // SAFETY: (I1) an idle spare is rewound and its slot's alone.
            unsafe { header(zone).trim(bytes) };
            if header(zone).system_bytes() > bytes {
                place.spare.set(Header::empty());
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
    // `T::default` runs before anything is taken from the zone.
    let value = T::default();
    peek_zone().boxed_slice(len, value)
}
