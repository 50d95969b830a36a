//! The handle to a zone, and all that is done through it.
//!
//! This file has the handle itself: how a zone is made, how its handles are counted, and how it is reset. The methods
//! that put values into a zone are in files of their own.
//!
//! It uses the folders `system`, `insight` and `region`. I1 (a handle keeps its zone alive) and I5 (a place is taken
//! before any of the user's code runs) live here.

pub(crate) mod thread;

pub(crate) mod places;
pub(crate) mod growing;
mod slices;
mod channels;
mod text;
mod values;

#[cfg(any(
    feature = "allocator-api2",
    feature = "allocator-api2-03",
    feature = "allocator-api2-04"
))]
mod allocator;
mod builder;
mod figures;
mod send;
#[cfg(feature = "bytemuck")]
mod zeroed;

pub use builder::ZoneBuilder;
pub use send::SendZone;

use crate::error::{MAX_ALIGN, ZoneError, or_panic};
use crate::region::bump::MAX_REQUEST;
use crate::region::header::{DEFAULT_CAPACITY, HEADER, Header, Holder, Settings, state};
use crate::region::hooks::HookOf;
use crate::region::memory::{BLOCK_ALIGN, Memory};
use crate::region::stale;
use crate::system::aside;
use core::alloc::Layout;
use core::cell::Cell;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

/// A handle to a zone: a region of memory that is freed as a whole.
///
/// Values are put into it with [`alloc`](Zone::alloc) and similar methods, which give references that live as long as
/// the handle is borrowed. [`boxed`](Zone::boxed) gives a [`ZBox`](crate::ZBox) instead, which keeps the zone alive by
/// itself. Nothing in a zone ever moves.
///
/// Handles are counted like those of an `Rc`: a clone is one more handle, and the zone is freed with the last one. A
/// zone belongs to one thread.
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::new(64 * 1024);
/// let samples = zone.alloc_slice(480, 0.0_f32);
/// let gain = zone.alloc(0.5_f32);
/// samples.fill(*gain);
/// assert_eq!(samples[479], 0.5);
/// ```
///
/// Collections live in zones too. [`vec`](Zone::vec), [`string`](Zone::string), `map` and `set` make them. The one that was allocated last grows in its place. They need no destructor, so a value in
/// a zone may hold one.
///
/// `&Zone` and `Zone` are allocators for other crates' types that take one, such as those of
/// [`allocator_api2`](https://docs.rs/allocator-api2): a `&Zone` borrows the zone, and a `Zone` keeps it alive.
///
/// ```
/// use allocator_api2::boxed::Box;
/// use memzone::{ZVec, Zone};
///
/// let zone = Zone::new(64 * 1024);
/// let peaks: &mut ZVec<f32> = zone.alloc(zone.vec());
/// peaks.extend((0..1000).map(|n| n as f32));
/// assert!(zone.contains(&peaks[999]));
/// let mut notes = allocator_api2::vec::Vec::new_in(zone.clone());
/// notes.push(Box::new_in(60_u8, zone.clone()));
/// assert_eq!(*notes[0], 60);
/// ```
///
/// # Real-time
///
/// Allocating within the zone's [`remaining`](Zone::remaining) bytes: yes. Making a zone, growing it, and dropping its
/// last handle: no.
#[repr(transparent)]
pub struct Zone {
    header: Cell<NonNull<Header>>,
}

// Every zone stays usable after a panic, whatever the panic interrupted (I10).
impl UnwindSafe for Zone {}
impl RefUnwindSafe for Zone {}

impl Zone {
    /// The bytes of its memory that a zone needs for itself. [`from_buffer`](Zone::from_buffer) takes this much from
    /// the buffer, and up to 63 bytes more for alignment.
    pub const OVERHEAD: usize = HEADER;

    /// Makes a zone with room for at least `bytes`. When they are used up, the zone grows by further blocks.
    ///
    /// `Zone::new(0)` takes nothing from the system until it is first used.
    ///
    /// # Panics
    ///
    /// When the system has no memory. [`try_new`](Zone::try_new) gives an error instead.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    #[doc(alias("create_zone", "llvm_zone_create", "with_capacity", "memzone", "begin_arena"))]
    pub fn new(bytes: usize) -> Zone {
        or_panic(Self::try_new(bytes))
    }

    /// Like [`new`](Zone::new), but gives an error when the system has no memory.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge).
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory, unless `bytes` is 0.
    #[track_caller]
    pub fn try_new(bytes: usize) -> Result<Zone, ZoneError> {
        if bytes == 0 {
            return Ok(Self::not_yet_made());
        }
        Self::builder().capacity(bytes).try_build()
    }

    /// A handle whose zone is not made yet. Its first use makes the zone.
    #[inline(always)]
    pub(crate) const fn not_yet_made() -> Zone {
        Zone { header: Cell::new(Header::empty()) }
    }

    /// Makes a builder, for a zone with a limit, a fixed size, a name, or memory that is touched in advance.
    ///
    /// # Real-time
    ///
    /// Yes. Building the zone is not.
    #[doc(alias("with_capacity", "set_allocation_limit"))]
    pub fn builder() -> ZoneBuilder {
        ZoneBuilder { settings: Settings::with_capacity(DEFAULT_CAPACITY) }
    }

    /// Makes a zone in the memory of a buffer. It never asks the system for anything and never grows.
    ///
    /// The zone aligns the buffer to 64 bytes, and then keeps [`OVERHEAD`](Zone::OVERHEAD) bytes of it for itself.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use memzone::Zone;
    ///
    /// let buffer = Box::leak(vec![MaybeUninit::uninit(); 4096].into_boxed_slice());
    /// let zone = Zone::from_buffer(buffer);
    /// assert!(zone.capacity() >= 4096 - Zone::OVERHEAD - 63);
    /// assert!(zone.try_alloc_slice(4096, 0_u8).is_err());
    /// ```
    ///
    /// # Panics
    ///
    /// When the buffer is too small for the overhead. [`try_from_buffer`](Zone::try_from_buffer) gives an error
    /// instead.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[track_caller]
    #[doc(alias("FixedBufferAllocator", "from_slice", "arena_init", "placement", "static_buffer"))]
    pub fn from_buffer(buffer: &'static mut [MaybeUninit<u8>]) -> Zone {
        or_panic(Self::try_from_buffer(buffer))
    }

    /// Like [`from_buffer`](Zone::from_buffer), but gives an error when the buffer is too small.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](ZoneError::TooLarge), with the overhead and the buffer's length.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn try_from_buffer(buffer: &'static mut [MaybeUninit<u8>]) -> Result<Zone, ZoneError> {
        let available = buffer.len();
        let taken = Memory::borrow(buffer, HEADER)
            .ok_or(ZoneError::TooLarge { requested: HEADER + BLOCK_ALIGN - 1, available })?;
        let settings = Settings::with_capacity(DEFAULT_CAPACITY);
        Ok(Zone { header: Cell::new(Header::install(taken, &settings)) })
    }

    /// Takes over a handle that is held as a bare pointer; see [`into_raw`](Zone::into_raw).
    ///
    /// What only wants to use the zone, and leave the handle where it is, wraps this in a
    /// [`ManuallyDrop`](core::mem::ManuallyDrop).
    ///
    /// # Safety
    ///
    /// The numbers are those of the invariants in `docs/design.md`.
    ///
    /// * I1: `raw` comes from `into_raw`, and its handle is given up here. Each pointer that `into_raw` gave stands for
    ///   one handle, so it is passed in once, or the result is never dropped.
    /// * I3: the calling thread is the zone's. A zone changes its thread as a [`SendZone`] does: this was its only
    ///   handle ([`into_sendable`](Zone::into_sendable) tells), no reference into it is in use on the old thread, and
    ///   what the old thread did happens before this call, as by a lock, a channel, or a release and an acquire.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub unsafe fn from_raw(raw: NonNull<Header>) -> Zone {
        Zone { header: Cell::new(raw) }
    }

    /// Gives the handle out as a bare pointer, for code that cannot hold a `Zone`, such as C.
    ///
    /// The pointer stands for the handle: it keeps the zone alive, and counts in [`handles`](Zone::handles). The zone
    /// ends when [`from_raw`](Zone::from_raw) has taken the pointer back and the handle is dropped. The pointer stays
    /// the same as long as the zone lives. A `Zone::new(0)` that was never used is not made yet. Its pointer is that of
    /// all such zones, so that a use through it makes a zone of its own. A zone of the
    /// [`builder`](Zone::builder) is made at once.
    ///
    /// ```
    /// use core::mem::ManuallyDrop;
    /// use memzone::Zone;
    ///
    /// let raw = Zone::new(4096).into_raw();
    /// {
    ///     // SAFETY: this is the zone's thread, and the handle stays with `raw`.
    ///     let zone = ManuallyDrop::new(unsafe { Zone::from_raw(raw) });
    ///     zone.alloc([1_u64, 2]);
    /// }
    /// // SAFETY: `raw` is not used any more.
    /// let zone = unsafe { Zone::from_raw(raw) };
    /// assert_eq!((zone.used(), zone.handles()), (16, 1));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn into_raw(self) -> NonNull<Header> {
        ManuallyDrop::new(self).header.get()
    }

    #[inline(always)]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: (I1) a handle keeps its zone alive; the empty one is static.
        unsafe { self.header.get().as_ref() }
    }

    #[inline(always)]
    pub(crate) fn raw(&self) -> NonNull<Header> {
        self.header.get()
    }

    /// Lends the handle by value, to a function that gives it back through `take_back`. So a handle that is in a
    /// register can stay there.
    #[inline(always)]
    pub(crate) fn lend(&self) -> ManuallyDrop<Zone> {
        // SAFETY: (I1) `self` keeps the zone alive meanwhile, and the copy is not dropped.
        ManuallyDrop::new(unsafe { Zone::from_raw(self.header.get()) })
    }

    /// Takes back a handle from `lend`. It points to another zone if the zone was not made before.
    #[inline(always)]
    pub(crate) fn take_back(&self, lent: ManuallyDrop<Zone>) {
        self.header.set(lent.header.get());
    }

    /// Makes the zone of a `Zone::new(0)` at its first use, with room for `bytes`.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn make_with(&self, bytes: usize) -> Result<(), ZoneError> {
        if self.header().state.get() & state::EMPTY != 0 {
            self.header.set(Header::make(&Settings::with_capacity(bytes))?);
        }
        Ok(())
    }

    /// Ensures that the zone is made, as it is to get one more handle or stack entry. A sealed zone may get none, and
    /// gives an error.
    #[track_caller]
    pub(crate) fn ensure_made(&self) -> Result<(), ZoneError> {
        if self.is_sealed() {
            return Err(ZoneError::InUse { handles: 1 });
        }
        self.make_with(DEFAULT_CAPACITY)
    }

    /// A reference to the zone for a value that lives in it, valid as long as the zone.
    ///
    /// It refers to a handle that lies in the zone itself, and so does not move when the zone's owner moves. That
    /// handle is neither counted nor dropped.
    pub(crate) fn handle_in_zone(&self) -> Result<&Zone, ZoneError> {
        self.ensure_made()?;
        let place = self.try_alloc_layout(Layout::new::<Zone>())?.cast::<Zone>();
        // SAFETY: (I1) the handle is only lent out by reference, so nobody can drop it. It ends with the zone.
        let handle = unsafe { Zone::from_raw(self.raw()) };
        // SAFETY: (I2) the memory was just taken for it.
        unsafe { place.write(handle) };
        // SAFETY: (I1) the handle was just written, and is borrowed from `self`.
        Ok(unsafe { place.as_ref() })
    }

    /// Whether a `ZoneFn` or a `Parcel` owns the zone.
    pub(crate) fn is_sealed(&self) -> bool {
        self.header().state.get() & (state::SEALED_FLAG | state::EMPTY) == state::SEALED_FLAG
    }

    /// Makes the zone refuse other handles and stack entries, or allow them again. The zone must have been made.
    pub(crate) fn seal(&self, sealed: bool) {
        // The static zone may not be written to (I3).
        assert!(self.header().state.get() & state::EMPTY == 0);
        let open = self.header().state.get() & !state::SEALED;
        self.header().state.set(if sealed { open | state::SEALED } else { open });
    }

    /// Serves the requests that the fast path does not: zero sizes, exact fits, large alignments, new blocks, and all
    /// errors.
    #[cold]
    #[inline(never)]
    #[track_caller]
    pub(crate) fn grow(&self, size: usize, align: usize) -> Result<NonNull<u8>, ZoneError> {
        if align > MAX_ALIGN {
            return Err(ZoneError::AlignTooLarge { align });
        }
        if size > MAX_REQUEST {
            return Err(ZoneError::TooLarge { requested: size, available: MAX_REQUEST });
        }
        if size == 0 {
            return Ok(nothing(align).unwrap_or(NonNull::dangling()));
        }
        if self.header().state.get() & state::EMPTY != 0 {
            let slack = align.saturating_sub(BLOCK_ALIGN);
            self.make_with(size.saturating_add(slack).max(DEFAULT_CAPACITY))?;
        }
        self.header().grow(size, align)
    }

    /// Rewinds the zone, so that all its memory can be used again. Cleanup hooks run first, the newest one first. The
    /// zone keeps its blocks, and asks the system for nothing.
    ///
    /// A zone can be reset while it is on the thread's stack.
    ///
    /// ```
    /// use memzone::Zone;
    ///
    /// let mut zone = Zone::new(1024);
    /// zone.alloc_slice(100, 0_u8);
    /// zone.reset()?;
    /// assert_eq!(zone.used(), 0);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// A zone cannot be reset while there is a reference into it. This does not compile:
    ///
    /// ```compile_fail,E0502
    /// let mut zone = memzone::Zone::new(1024);
    /// let x = zone.alloc(1);
    /// zone.reset().unwrap();
    /// *x = 2;
    /// ```
    ///
    /// # Errors
    ///
    /// [`InUse`](ZoneError::InUse) while other handles, `ZBox`es or a scope hold the zone. Nothing has changed then.
    /// The same error comes when a hook made a handle and kept it.
    ///
    /// # Real-time
    ///
    /// Yes, if the hooks are.
    ///
    /// # Time complexity
    ///
    /// Constant, plus the hooks.
    #[inline]
    #[doc(alias("free_all", "clear", "rewind", "reset_temporary_storage", "llvm_zone_reset"))]
    #[doc(alias = "release")]
    pub fn reset(&mut self) -> Result<(), ZoneError> {
        let header = self.header();
        if header.state.get() != state::SOLE {
            return self.reset_cold();
        }
        // This is the only handle, there are no hooks, and the cursor is in the first block.
        header.note_peak();
        // SAFETY: (I1) `&mut self` is the only handle, so nothing in the zone is borrowed.
        unsafe { stale::close(header.first.start, header.cursor.get()) };
        header.cursor.set(header.first.start);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn reset_cold(&mut self) -> Result<(), ZoneError> {
        self.check_others(0)?;
        let header = self.header();
        if header.state.get() & state::EMPTY != 0 {
            return Ok(());
        }
        if header.state.get() & state::HOOKS != 0 {
            header.run_hooks();
            self.check_others(0)?;
        }
        // SAFETY: (I1) `&mut self` is the only handle, so nothing in the zone is borrowed. A stack entry borrows
        // nothing.
        unsafe { self.header().rewind() };
        Ok(())
    }

    /// Rewinds the zone as [`reset`](Zone::reset) does, and gives blocks back to the system, so that the rest fits into
    /// `keep` bytes. The first block always stays. The high-water mark starts anew.
    ///
    /// ```
    /// let mut zone = memzone::Zone::new(1 << 16);
    /// zone.alloc_slice(10 << 20, 0_u8); // once
    /// zone.trim(1 << 20)?;
    /// assert!(zone.capacity() < 1 << 20 && zone.high_water() == 0);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`reset`](Zone::reset), and [`Denied`](ZoneError::Denied) if there is something to give back in a
    /// section that denies. In that case the zone is rewound all the same.
    ///
    /// # Real-time
    ///
    /// No: it frees memory. With `usize::MAX` for `keep`, yes, if the hooks are.
    ///
    /// # Time complexity
    ///
    /// Linear in the blocks, plus the hooks.
    #[doc(alias = "shrink_to_fit")]
    pub fn trim(&mut self, keep: usize) -> Result<(), ZoneError> {
        self.reset()?;
        let header = self.header();
        if header.state.get() & state::EMPTY != 0 {
            return Ok(());
        }
        let more = header.system_bytes().saturating_sub(keep);
        if more != 0 && header.blocks.get() > 1 {
            aside::may_free(more)?;
        }
        // SAFETY: (I1) the zone was just rewound, and `&mut self` is the only handle.
        unsafe { header.trim(keep) };
        Ok(())
    }

    /// Gives an error if anything but this handle holds the zone. `entries` is `state::ENTRIES` if stack entries count,
    /// and 0 if not.
    pub(crate) fn check_others(&self, entries: u64) -> Result<(), ZoneError> {
        let state = self.header().state.get();
        let entries = state::entries(state & !entries);
        match state::others(state) - entries {
            0 => Ok(()),
            // On a 32-bit system there may be more than its numbers say.
            others => Err(ZoneError::InUse { handles: others.try_into().unwrap_or(usize::MAX) }),
        }
    }

    /// Registers a hook that runs once, when the zone is reset or freed. Hooks run newest first.
    ///
    /// The hook lies in the zone. It must be `Send`, as the zone may end on another thread.
    ///
    /// # Panics
    ///
    /// When the zone has no room for the hook. [`try_on_cleanup`](Zone::try_on_cleanup) gives an error instead.
    ///
    /// A hook may free other zones. Those that have hooks themselves end when the hooks of this zone have run, one after
    /// the other, so that any number of zones may lead to one another.
    ///
    /// When a hook panics, the other hooks still run. A zone that is being freed ends all the same, but a zone that is
    /// being reset is not reset. As with destructors, the program ends if a hook panics during another panic (that of
    /// another hook, for example), or while its thread ends.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    #[doc(alias("defer", "atexit", "destructor", "finalizer", "apr_pool_cleanup_register"))]
    pub fn on_cleanup(&self, hook: impl FnOnce() + Send + 'static) {
        or_panic(self.try_on_cleanup(hook));
    }

    /// Like [`on_cleanup`](Zone::on_cleanup), but gives an error when the zone has no room. The hook is then dropped
    /// without having run.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_on_cleanup<F: FnOnce() + Send + 'static>(&self, hook: F) -> Result<(), ZoneError> {
        let place = self.try_alloc_layout(Layout::new::<HookOf<F>>())?.cast::<HookOf<F>>();
        // SAFETY: (I2) the memory was just allocated for this type.
        unsafe { self.header().add_hook(place, hook) };
        Ok(())
    }

    /// Makes one more handle, if counting is enough for that. The static zone is sealed, and so has the sign of a full one (I3).
    #[inline(always)]
    pub(crate) fn clone_if_counting_is_enough(&self) -> Option<Zone> {
        let header = self.header();
        let state = header.state.get();
        if state::has_sign(state) {
            return None;
        }
        header.state.set(state + state::HANDLE);
        // SAFETY: (I1) the new handle was just counted.
        Some(unsafe { Zone::from_raw(self.raw()) })
    }

    /// Makes one more handle, and gives an error where [`clone`](Zone::clone) panics.
    #[inline]
    pub(crate) fn try_clone(&self) -> Result<Zone, ZoneError> {
        match self.clone_if_counting_is_enough() {
            Some(zone) => Ok(zone),
            None => self.ensure_cloneable().map(|()| self.clone()),
        }
    }

    /// Makes sure that the zone can have one more holder: a handle, or an entry on the stack.
    #[cold]
    #[inline(never)]
    pub(crate) fn ensure_cloneable(&self) -> Result<(), ZoneError> {
        self.ensure_made()?;
        match state::has_sign(self.header().state.get()) {
            false => Ok(()),
            true => Err(ZoneError::InUse { handles: self.handles() }),
        }
    }
}

/// A zone that takes nothing from the system until it is first used, as `Zone::new(0)`. So a struct that holds a zone can
/// derive `Default`, and `std::mem::take` takes a zone out of its place.
///
/// ```
/// use memzone::Zone;
///
/// #[derive(Default)]
/// struct Game {
///     frame: Zone,
///     score: u32,
/// }
///
/// let mut game = Game::default();
/// game.frame.alloc_slice(100, 0.0_f32);
/// let frame = std::mem::take(&mut game.frame); // for what borrows `game` as well
/// assert!(frame.used() >= 400 && game.frame.capacity() == 0 && game.score == 0);
/// ```
#[cfg(feature = "alloc")]
impl Default for Zone {
    fn default() -> Zone {
        Zone::new(0)
    }
}

impl Clone for Zone {
    /// Makes one more handle.
    ///
    /// # Panics
    ///
    /// * When the zone has 8,589,934,593 handles and stack entries.
    /// * When it is the first use of a `Zone::new(0)`, and the system has no memory.
    /// * When the zone is that of a [`ZoneFn`](crate::ZoneFn) or [`Parcel`](crate::Parcel).
    #[inline]
    #[track_caller]
    fn clone(&self) -> Zone {
        #[cold]
        #[inline(never)]
        #[track_caller]
        fn clone_special(zone: &Zone) -> Zone {
            assert!(
                !zone.is_sealed(),
                "the zone of a `ZoneFn` or `Parcel` has no handles but its owner's"
            );
            or_panic(zone.ensure_made());
            zone.clone_if_counting_is_enough()
                .expect("a zone has no more than 8,589,934,593 handles")
        }
        match self.clone_if_counting_is_enough() {
            Some(zone) => zone,
            None => clone_special(self),
        }
    }
}

impl Drop for Zone {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: (I1) this handle is given up.
        unsafe { Header::release(self.raw(), Holder::Handle) };
    }
}

/// The place of no bytes.
#[inline(always)]
pub(crate) fn nothing(align: usize) -> Option<NonNull<u8>> {
    NonNull::new(core::ptr::without_provenance_mut(align))
}
