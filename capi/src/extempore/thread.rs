//! What each thread keeps: its stack of zones, its default and callback zones, and zones that it will use again.

use super::zone::{mzone, state};
use super::{NONE, out_of_memory};
use core::cell::Cell;
use core::ptr::{NonNull, null_mut};
use memzone::ZoneError;
use std::alloc::{Layout, dealloc, realloc};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// The size of a thread's default zone and of its callback zone.
const THREADS_ZONE: u64 = 1 << 20;

/// The most destroyed zones that a thread keeps, of those up to `LARGE`.
const MOST_KEPT: usize = 32;

/// The most bytes that the larger ones have together, which it keeps too.
const MOST_LARGE_BYTES: usize = 4 << 20;

/// A zone that has grown to more than this gives back what it has grown by.
const MOST_GROWN: usize = 128 << 10;

/// The number of zones that the first array of a stack has room for.
const FIRST_STACK: usize = 64;

/// Whether the default and callback zones of threads that have ended stay.
static KEEP_ZONES: AtomicBool = AtomicBool::new(false);

/// The array of a stack on which nothing was ever pushed. Nobody writes to it.
static NOTHING: Bottom = Bottom(Cell::new(NONE));

struct Bottom(Cell<*mut mzone>);
// SAFETY: (I61) nobody writes to it.
unsafe impl Sync for Bottom {}

const BOTTOM: *const Cell<*mut mzone> = &raw const NOTHING.0;

struct Thread {
    /// The topmost entry of the stack. At the bottom lies the default zone, or null if it is not made yet.
    top: Cell<*const Cell<*mut mzone>>,
    bottom: Cell<*const Cell<*mut mzone>>,
    /// The last entry that the array has room for.
    last: Cell<*const Cell<*mut mzone>>,
    /// The zones up to `LARGE` that are kept, the newest first.
    kept: Cell<*mut mzone>,
    /// How many more may be kept.
    places_left: Cell<usize>,
    /// The larger zones that are kept, the newest first.
    large: Cell<*mut mzone>,
    /// How many bytes of larger ones more may be kept.
    bytes_left: Cell<usize>,
    callback: Cell<*mut mzone>,
    /// Whether `END` will run, or has run.
    is_set_up: Cell<bool>,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            top: Cell::new(BOTTOM),
            bottom: Cell::new(BOTTOM),
            last: Cell::new(BOTTOM),
            kept: Cell::new(NONE),
            places_left: Cell::new(0),
            large: Cell::new(NONE),
            bytes_left: Cell::new(0),
            callback: Cell::new(NONE),
            is_set_up: Cell::new(false),
        }
    };
    /// Its destructor frees what the thread keeps.
    static END: End = const { End };
}

struct End;

impl Drop for End {
    fn drop(&mut self) {
        THREAD.with(Thread::tear_down);
    }
}

/// Sets whether the default and callback zones of threads that end stay in memory, with all that is in them. Without this
/// they are freed with their thread.
#[unsafe(no_mangle)]
pub extern "C" fn memzone_extempore_keep_zones(keep: bool) {
    KEEP_ZONES.store(keep, Ordering::Relaxed);
}

/// Puts a zone of a thread that ends into the list of those that stay. It is there for tools that look for leaks.
fn keep_for_ever(zone: &mzone) {
    static STAYING: AtomicPtr<mzone> = AtomicPtr::new(NONE);
    let own = (&raw const *zone).cast_mut();
    let mut first = STAYING.load(Ordering::Relaxed);
    loop {
        zone.next.set(first);
        match STAYING.compare_exchange_weak(first, own, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => first = now,
        }
    }
}

/// # Safety
///
/// I61: the zone is alive and the calling thread's.
#[inline(always)]
unsafe fn of<'a>(zone: NonNull<mzone>) -> &'a mzone {
    // SAFETY: (I61) the caller's promise.
    unsafe { zone.as_ref() }
}

impl Thread {
    /// What lies on the stack at this place.
    #[inline(always)]
    fn at<'a>(&self, place: *const Cell<*mut mzone>) -> &'a Cell<*mut mzone> {
        // SAFETY: (I61) the callers pass `top` and `bottom`, which point into the array, or to the static one.
        unsafe { &*place }
    }

    /// Has what this thread keeps freed at its end, and lets it keep zones.
    fn set_up(&self) {
        if !self.is_set_up.replace(true) && END.try_with(|_| ()).is_ok() {
            self.places_left.set(MOST_KEPT);
            self.bytes_left.set(MOST_LARGE_BYTES);
        }
    }

    /// Makes room for at least one entry more, and for the bottom one.
    #[cold]
    #[inline(never)]
    fn lengthen(&self) -> Result<(), ZoneError> {
        const SIZE: usize = size_of::<*mut mzone>();
        self.set_up();
        let (bottom, top) = (self.bottom.get(), self.top.get());
        let used = (top.addr() - bottom.addr()) / SIZE + 1;
        let wanted = (used * 2).max(FIRST_STACK);
        let requested = wanted * SIZE;
        let refused = ZoneError::OutOfMemory { requested };
        let array = match bottom == BOTTOM {
            true => {
                let layout = Layout::array::<*mut mzone>(wanted).map_err(|_| refused)?;
                // SAFETY: (I16) the size is not zero.
                unsafe { std::alloc::alloc(layout) }
            }
            false => {
                let length = (self.last.get().addr() - bottom.addr()) / SIZE + 1;
                let layout = Layout::array::<*mut mzone>(length).map_err(|_| refused)?;
                // SAFETY: (I16, I61) the array was taken with this layout, and the new size is not zero.
                unsafe { realloc(bottom.cast_mut().cast(), layout, requested) }
            }
        };
        let array = NonNull::new(array.cast::<Cell<*mut mzone>>()).ok_or(refused)?.as_ptr();
        if bottom == BOTTOM {
            // SAFETY: (I61) the array has room for more than one entry.
            unsafe { array.write(Cell::new(NONE)) };
        }
        self.bottom.set(array);
        // SAFETY: (I61) the array has room for more than `used` entries.
        self.top.set(unsafe { array.add(used - 1) });
        // SAFETY: (I61) the array has room for `wanted` entries.
        self.last.set(unsafe { array.add(wanted - 1) });
        Ok(())
    }

    /// Pushes a zone. The array has room for it.
    #[inline(always)]
    fn put_on_top(&self, zone: &mzone) {
        // SAFETY: (I61) the array has room for one more.
        let top = unsafe { self.top.get().add(1) };
        self.at(top).set((&raw const *zone).cast_mut());
        self.top.set(top);
        zone.state.set(zone.state.get() + state::PUSHED);
    }

    #[cold]
    #[inline(never)]
    extern "C" fn push_cold(&self, zone: &mzone) {
        self.lengthen().unwrap_or_else(|error| out_of_memory(0, error));
        self.put_on_top(zone);
    }

    /// Makes the default zone.
    #[cold]
    #[inline(never)]
    extern "C" fn make_default(&self) -> NonNull<mzone> {
        if self.bottom.get() == BOTTOM {
            self.lengthen().unwrap_or_else(|error| out_of_memory(THREADS_ZONE, error));
        }
        let made = mzone::make(THREADS_ZONE, state::OF_A_THREAD);
        let zone = made.unwrap_or_else(|error| out_of_memory(THREADS_ZONE, error));
        self.at(self.bottom.get()).set(zone.as_ptr());
        zone
    }

    /// Finds a zone among those that are kept, or makes one.
    #[cold]
    #[inline(never)]
    extern "C" fn create_cold(&self, size: u64) -> *mut mzone {
        for list in [&self.kept, &self.large] {
            let mut before = list;
            while let Some(zone) = NonNull::new(before.get()) {
                // SAFETY: (I61) what is kept is this thread's.
                let zone = unsafe { of(zone) };
                if zone.room.get() as u64 >= size {
                    before.set(zone.next.get());
                    match core::ptr::eq(list, &self.kept) {
                        true => self.places_left.set(self.places_left.get() + 1),
                        false => self.bytes_left.set(self.bytes_left.get() + zone.room.get()),
                    }
                    zone.renew(size, zone.state.get() & state::LARGE | state::LIVE);
                    return (&raw const *zone).cast_mut();
                }
                before = &zone.next;
            }
        }
        let made = mzone::make(size, state::LIVE);
        made.unwrap_or_else(|error| out_of_memory(size, error)).as_ptr()
    }

    /// Keeps a zone up to `LARGE` that was rewound, if there is room for it.
    #[inline(always)]
    fn keep(&self, zone: &mzone) -> bool {
        let places = self.places_left.get();
        if places == 0 {
            return false;
        }
        self.places_left.set(places - 1);
        zone.state.set(state::KEPT);
        zone.next.set(self.kept.get());
        self.kept.set((&raw const *zone).cast_mut());
        true
    }

    /// Keeps a larger zone that was rewound, if there is room for it.
    fn keep_large(&self, zone: &mzone) -> bool {
        let Some(left) = self.bytes_left.get().checked_sub(zone.room.get()) else { return false };
        self.bytes_left.set(left);
        zone.state.set(state::KEPT | state::LARGE);
        zone.next.set(self.large.get());
        self.large.set((&raw const *zone).cast_mut());
        true
    }

    /// Ends a zone that is on a stack, that is not to be ended, that is large or has grown, or for which there is no room.
    #[cold]
    #[inline(never)]
    extern "C" fn destroy_cold(&self, zone: &mzone) {
        let now = zone.state.get();
        if now & (state::KEPT | state::OF_A_THREAD | state::DOOMED) != 0 {
            return;
        }
        if now >= state::PUSHED {
            zone.state.set(now | state::DOOMED);
            return;
        }
        self.end(zone);
    }

    /// Keeps or frees a zone that nobody has.
    fn end(&self, zone: &mzone) {
        self.set_up();
        zone.rewind();
        if zone.capacity() > zone.room.get().max(MOST_GROWN) {
            zone.give_segments_back();
        }
        let is_kept = match zone.state.get() & state::LARGE != 0 {
            false => self.keep(zone),
            true => self.keep_large(zone),
        };
        if !is_kept {
            // SAFETY: (I61) nobody has it.
            unsafe { mzone::free(NonNull::from(zone)) };
        }
    }

    /// One place on a stack is gone. The answer is whether the zone was destroyed before.
    #[inline(always)]
    fn popped(&self, zone: &mzone) -> bool {
        let now = zone.state.get() - state::PUSHED;
        zone.state.set(now);
        if now & state::DOOMED == 0 {
            return false;
        }
        Self::popped_doomed(self, zone)
    }

    #[cold]
    #[inline(never)]
    extern "C" fn popped_doomed(&self, zone: &mzone) -> bool {
        if zone.state.get() < state::PUSHED {
            self.end(zone);
        }
        true
    }

    fn tear_down(&self) {
        // What is destroyed from here on is freed at once.
        self.places_left.set(0);
        self.bytes_left.set(0);
        while NonNull::new(pop_from(self)).is_some() || self.top.get() != self.bottom.get() {}
        for list in [&self.kept, &self.large] {
            let mut kept = list.replace(NONE);
            while let Some(zone) = NonNull::new(kept) {
                // SAFETY: (I61) what is kept is this thread's.
                kept = unsafe { of(zone) }.next.get();
                // SAFETY: (I61) nobody else has it.
                unsafe { mzone::free(zone) };
            }
        }
        let bottom = self.bottom.replace(BOTTOM);
        let default = self.at(bottom).get();
        if bottom != BOTTOM {
            let length = (self.last.get().addr() - bottom.addr()) / size_of::<*mut mzone>() + 1;
            if let Ok(layout) = Layout::array::<*mut mzone>(length) {
                // SAFETY: (I61) the array was taken with this layout, and nothing points to it any more.
                unsafe { dealloc(bottom.cast_mut().cast(), layout) };
            }
        }
        self.top.set(BOTTOM);
        self.last.set(BOTTOM);
        let callback = self.callback.replace(NONE);
        for zone in [default, callback].into_iter().filter_map(NonNull::new) {
            if KEEP_ZONES.load(Ordering::Relaxed) {
                // SAFETY: (I61) it is the thread's own.
                keep_for_ever(unsafe { of(zone) });
                continue;
            }
            // SAFETY: (I61) it is the thread's own, and on no stack any more.
            unsafe { mzone::free(zone) };
        }
    }
}

/// The current zone.
#[inline(always)]
pub(super) fn peek<'a>() -> &'a mzone {
    THREAD.with(|thread| {
        let top = NonNull::new(thread.at(thread.top.get()).get());
        // SAFETY: (I61) what is on the stack is alive and this thread's.
        unsafe { of(top.unwrap_or_else(|| Thread::make_default(thread))) }
    })
}

/// A zone with room for `size` bytes: the one that was destroyed last, or else another, or a new one.
#[inline(always)]
pub(super) fn create(size: u64) -> *mut mzone {
    THREAD.with(|thread| {
        if let Some(newest) = NonNull::new(thread.kept.get()) {
            // SAFETY: (I61) what is kept is this thread's.
            let zone = unsafe { of(newest) };
            if zone.room.get() as u64 >= size {
                thread.kept.set(zone.next.get());
                thread.places_left.set(thread.places_left.get() + 1);
                zone.renew(size, state::LIVE);
                return newest.as_ptr();
            }
        }
        Thread::create_cold(thread, size)
    })
}

#[inline(always)]
pub(super) fn destroy(zone: &mzone) {
    THREAD.with(|thread| {
        // In use, on no stack, neither large nor grown.
        if zone.state.get() == state::LIVE {
            zone.rewind_first();
            if thread.keep(zone) {
                return;
            }
        }
        Thread::destroy_cold(thread, zone);
    });
}

#[inline(always)]
pub(super) fn push(zone: &mzone) {
    THREAD.with(|thread| {
        if thread.top.get() == thread.last.get() {
            Thread::push_cold(thread, zone);
        } else {
            thread.put_on_top(zone);
        }
    });
}

#[inline(always)]
pub(super) fn pop() -> *mut mzone {
    THREAD.with(pop_from)
}

#[inline(always)]
fn pop_from(thread: &Thread) -> *mut mzone {
    let top = thread.top.get();
    if top == thread.bottom.get() {
        return null_mut();
    }
    let zone = thread.at(top).get();
    // SAFETY: (I61) there is an entry below the topmost one.
    thread.top.set(unsafe { top.sub(1) });
    // SAFETY: (I61) what is on the stack is alive and this thread's; only zones are pushed.
    match unsafe { zone.as_ref() } {
        Some(found) if !thread.popped(found) => zone,
        _ => null_mut(),
    }
}

/// The thread's callback zone.
pub(super) fn callback_zone<'a>() -> &'a mzone {
    THREAD.with(|thread| {
        let zone = NonNull::new(thread.callback.get()).unwrap_or_else(|| {
            thread.set_up();
            let made = mzone::make(THREADS_ZONE, state::OF_A_THREAD);
            let zone = made.unwrap_or_else(|error| out_of_memory(THREADS_ZONE, error));
            thread.callback.set(zone.as_ptr());
            zone
        });
        // SAFETY: (I61) it is this thread's own.
        unsafe { of(zone) }
    })
}
