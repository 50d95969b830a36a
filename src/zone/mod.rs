//! The handle to a zone, and all that is done by it.
//!
//! `mod.rs` has the handle itself: how a zone is made, counted, reset. The methods that put values into a zone are
//! in files of their own, by what they take.
//!
//! It uses the rooms `system`, `insight` and `region`. I1 (a handle keeps its zone alive) and I5 (places are taken
//! before any code of the user's runs) live here.

pub(crate) mod thread;

pub(crate) mod values;

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
use crate::region::header::{DEFAULT_CAPACITY, HEADER, Header, Settings, state};
use crate::region::hooks::HookOf;
use crate::region::memory::{BLOCK_ALIGN, Memory};
use crate::region::stale;
use crate::system::aside;
use core::alloc::Layout;
use core::cell::Cell;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

///
/// Handles are counted like an `Rc`: cloning makes one more, and the zone is freed with the last
/// one. A zone belongs to one thread.
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
/// Collections live in zones too: [`vec`](Zone::vec), [`string`](Zone::string) and, with the feature `hashbrown`,
/// `map` make them. The one that was allocated last grows in its place. They are those of the crates
/// [`allocator_api2`](https://docs.rs/allocator-api2) and [`hashbrown`](https://docs.rs/hashbrown), and `&Zone` and
/// `Zone` are allocators for whatever else takes one: `&Zone` borrows the zone, a `Zone` keeps it alive.
///
/// ```
/// use allocator_api2::boxed::Box;
/// use memzone::Zone;
///
/// let zone = Zone::new(64 * 1024);
/// let mut peaks = zone.vec();
/// peaks.extend((0..1000).map(|n| n as f32));
/// assert!(zone.contains(&peaks[999]));
/// let mut notes = allocator_api2::vec::Vec::new_in(zone.clone());
/// notes.push(Box::new_in(60_u8, zone.clone()));
/// assert_eq!(*notes[0], 60);
/// ```
///
/// # Real-time
///
/// Allocating within the zone's [`remaining`](Zone::remaining) bytes: yes. Making a zone, growing
/// one, and dropping the last handle: no.
#[repr(transparent)]
pub struct Zone {
    header: Cell<NonNull<Header>>,
}

thread::stays_on_its_thread!([] Zone);

// What a panic interrupts leaves every zone usable (I10).
impl UnwindSafe for Zone {}
impl RefUnwindSafe for Zone {}

impl Zone {
    /// What a zone needs of its memory for itself, in bytes: [`from_buffer`](Zone::from_buffer)
    /// takes this much (and up to 63 bytes more to align it) off the buffer.
    pub const OVERHEAD: usize = HEADER;

    /// Makes a zone with room for at least `bytes`. It grows in blocks when they are used up.
    ///
    /// `Zone::new(0)` takes nothing from the system before it is used.
    ///
    /// # Panics
    ///
    /// Where the system has no memory; [`try_new`](Zone::try_new) gives an error instead.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn new(bytes: usize) -> Zone {
        or_panic(Self::try_new(bytes))
    }

    /// Like [`new`](Zone::new), with an error where the system has no memory.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory), [`TooLarge`](ZoneError::TooLarge).
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory, but for 0 bytes.
    #[track_caller]
    pub fn try_new(bytes: usize) -> Result<Zone, ZoneError> {
        if bytes == 0 {
            return Ok(Self::unborn());
        }
        Self::builder().capacity(bytes).try_build()
    }

    /// A handle to no zone yet: the first use makes one.
    #[inline(always)]
    pub(crate) const fn unborn() -> Zone {
        Zone { header: Cell::new(Header::empty()) }
    }

    /// Starts a zone with a limit, a fixed size, a name, or memory touched in advance.
    ///
    /// # Real-time
    ///
    /// Yes. Building the zone is not.
    pub fn builder() -> ZoneBuilder {
        ZoneBuilder { settings: Settings::with_capacity(DEFAULT_CAPACITY) }
    }

    /// Makes a zone of somebody's memory. It never asks the system for anything and never grows.
    ///
    /// The zone keeps [`OVERHEAD`](Zone::OVERHEAD) bytes of the buffer for itself, after aligning
    /// it to 64.
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
    /// Where the buffer is too small for the overhead;
    /// [`try_from_buffer`](Zone::try_from_buffer) gives an error instead.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[track_caller]
    pub fn from_buffer(buffer: &'static mut [MaybeUninit<u8>]) -> Zone {
        or_panic(Self::try_from_buffer(buffer))
    }

    /// Like [`from_buffer`](Zone::from_buffer), with an error where the buffer is too small.
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

    /// Takes over a handle that is held as a bare pointer.
    ///
    /// # Safety
    ///
    /// I1: the caller gives up a handle of its own.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(header: NonNull<Header>) -> Zone {
        Zone { header: Cell::new(header) }
    }

    /// The opposite of `from_raw`.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> NonNull<Header> {
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

    /// The handle by value, for a function that hands it back to `take_back`, so that a handle in a
    /// register can stay there.
    #[inline(always)]
    pub(crate) fn lend(&self) -> ManuallyDrop<Zone> {
        // SAFETY: (I1) `self` keeps the zone alive meanwhile, and the copy is not dropped.
        ManuallyDrop::new(unsafe { Zone::from_raw(self.header.get()) })
    }

    /// What was lent comes back: another zone where this one was yet to be made.
    #[inline(always)]
    pub(crate) fn take_back(&self, lent: ManuallyDrop<Zone>) {
        self.header.set(lent.header.get());
    }

    /// Makes the zone of a `Zone::new(0)` that is used for the first time.
    #[cold]
    #[inline(never)]
    #[track_caller]
    fn be_born_with(&self, bytes: usize) -> Result<(), ZoneError> {
        if self.header().state.get() & state::EMPTY != 0 {
            self.header.set(Header::make(&Settings::with_capacity(bytes))?);
        }
        Ok(())
    }

    /// `be_born_with` as many bytes as any zone has, for one more handle or entry; an error where there
    /// may be none.
    #[track_caller]
    pub(crate) fn be_born(&self) -> Result<(), ZoneError> {
        if self.header().state.get() & state::SEALED != 0 {
            return Err(ZoneError::InUse { handles: 1 });
        }
        self.be_born_with(DEFAULT_CAPACITY)
    }

    /// The zone for what is to live in it, as long as it lives: a handle that lies in the zone itself, so that
    /// it does not move with its owner, and that is neither counted nor dropped.
    pub(crate) fn within(&self) -> Result<&Zone, ZoneError> {
        self.be_born()?;
        let place = self.try_alloc_layout(Layout::new::<Zone>())?.cast::<Zone>();
        // SAFETY: (I1) who gets it cannot drop it, and it is gone when the zone is.
        let handle = unsafe { Zone::from_raw(self.raw()) };
        // SAFETY: (I2) memory just taken for it.
        unsafe { place.write(handle) };
        // SAFETY: (I1) just written; borrowed from a handle.
        Ok(unsafe { place.as_ref() })
    }

    /// Has the zone refuse other handles and entries, or allow them again. It must have been made.
    pub(crate) fn seal(&self, sealed: bool) {
        debug_assert!(self.header().state.get() & state::EMPTY == 0);
        let open = self.header().state.get() & !state::SEALED;
        self.header().state.set(if sealed { open | state::SEALED } else { open });
    }

    /// Finds room where the fast path found none: zero sizes, exact fits, large alignments, new
    /// blocks, and all errors.
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
            let address = core::ptr::without_provenance_mut(align);
            return Ok(NonNull::new(address).unwrap_or(NonNull::dangling()));
        }
        if self.header().state.get() & state::EMPTY != 0 {
            let slack = align.saturating_sub(BLOCK_ALIGN);
            self.be_born_with(size.saturating_add(slack).max(DEFAULT_CAPACITY))?;
        }
        self.header().grow(size, align)
    }

    /// Rewinds the zone, so that all its memory can be used again. Its blocks are kept, the system
    /// is asked for nothing, and cleanup hooks run before, newest first.
    ///
    /// An entry on the thread's stack does not keep a zone from being reset.
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
    /// A reference into the zone keeps it from being reset, at compile time:
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
    /// [`InUse`](ZoneError::InUse) while other handles, `ZBox`es or a scope hold it; nothing
    /// changed then. Also where a hook made a handle and kept it.
    ///
    /// # Real-time
    ///
    /// Yes, as far as the hooks are.
    ///
    /// # Time complexity
    ///
    /// Constant, plus the hooks.
    #[inline]
    pub fn reset(&mut self) -> Result<(), ZoneError> {
        let header = self.header();
        if header.state.get() != state::HANDLE {
            return self.reset_cold();
        }
        // The only handle, not on the stack, no hooks, and still in the first block.
        let used = header.cursor.get().addr().get() - header.first.start.addr().get();
        header.high_water.set(header.high_water.get().max(used));
        header.note_site();
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
        // SAFETY: (I1) `&mut self` is the only handle, so nothing in the zone is borrowed; a stack
        // entry borrows nothing.
        unsafe { self.header().rewind() };
        Ok(())
    }

    /// Rewinds the zone as [`reset`](Zone::reset) does, and gives blocks back to the system: each further one that does
    /// not fit into `keep` bytes with those before it. Its first block stays. The high-water mark starts anew.
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
    /// Those of [`reset`](Zone::reset); [`Denied`](ZoneError::Denied) in a section that denies, where there is something
    /// to give back. The zone is rewound then all the same.
    ///
    /// # Real-time
    ///
    /// No: it frees. With `usize::MAX` for `keep`, yes, as far as the hooks are.
    ///
    /// # Time complexity
    ///
    /// Linear in the blocks, plus the hooks.
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
        // SAFETY: (I1) just rewound, and `&mut self` is the only handle.
        unsafe { header.trim(keep) };
        Ok(())
    }

    /// An error where others than this handle hold the zone; `entries` says whether those of the
    /// stack count.
    pub(crate) fn check_others(&self, entries: u64) -> Result<(), ZoneError> {
        let state = self.header().state.get();
        let handles = (state & state::HANDLES) - state::HANDLE;
        let entries = (state & state::ENTRIES & entries) / state::ENTRY;
        match (handles + entries) as usize {
            0 => Ok(()),
            handles => Err(ZoneError::InUse { handles }),
        }
    }

    /// Registers what is to run when the zone is reset or freed: once, newest first.
    ///
    /// The hook lies in the zone. It must be `Send`, as the zone may end on another thread.
    ///
    /// # Panics
    ///
    /// Where the zone has no room for the hook; [`try_on_cleanup`](Zone::try_on_cleanup) gives an
    /// error instead.
    ///
    /// A hook that panics keeps no other from running; its zone ends all the same, but is not reset. As with
    /// destructors, the program ends where one panics during a panic (a second hook's, say), or as its thread ends.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn on_cleanup(&self, hook: impl FnOnce() + Send + 'static) {
        or_panic(self.try_on_cleanup(hook));
    }

    /// Like [`on_cleanup`](Zone::on_cleanup), with an error where the zone has no room. The hook
    /// is then dropped without having run.
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
        // SAFETY: (I2) memory just allocated for this type.
        unsafe { self.header().add_hook(place, hook) };
        Ok(())
    }

    /// One more handle, with an error where [`clone`](Zone::clone) panics.
    #[inline]
    pub(crate) fn try_clone(&self) -> Result<Zone, ZoneError> {
        if self.header().state.get() & SPECIAL != 0 {
            self.be_cloneable()?;
        }
        Ok(self.clone())
    }

    #[cold]
    #[inline(never)]
    fn be_cloneable(&self) -> Result<(), ZoneError> {
        self.be_born()?;
        match self.header().state.get() & SPECIAL {
            0 => Ok(()),
            _ => Err(ZoneError::InUse { handles: self.handles() }),
        }
    }
}

/// What a handle's clone has to look at.
const SPECIAL: u64 = state::EMPTY | state::HANDLES_FULL | state::SEALED;

impl Clone for Zone {
    /// One more handle.
    ///
    /// # Panics
    ///
    /// At 1,073,741,824 handles, where a `Zone::new(0)` finds no memory to begin with, and on the zone of a
    /// [`ZoneFn`](crate::ZoneFn) or [`Parcel`](crate::Parcel).
    #[inline]
    #[track_caller]
    fn clone(&self) -> Zone {
        #[cold]
        #[inline(never)]
        #[track_caller]
        fn special(zone: &Zone) {
            let sealed = zone.header().state.get() & state::SEALED != 0;
            assert!(!sealed, "the zone of a `ZoneFn` or `Parcel` has no handles but its owner's");
            or_panic(zone.be_born());
            assert!(zone.header().state.get() & SPECIAL == 0, "a zone has too many handles");
        }
        if self.header().state.get() & SPECIAL != 0 {
            special(self);
        }
        let header = self.header();
        header.state.set(header.state.get() + state::HANDLE);
        // SAFETY: (I1) counted just now.
        unsafe { Zone::from_raw(self.raw()) }
    }
}

impl Drop for Zone {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: (I1) the handle is given up.
        unsafe { Header::release(self.raw(), state::HANDLE) };
    }
}
