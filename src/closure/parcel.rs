//! A value and the zone it lives in, which move between threads together.

use crate::copy::{DeepCopy, is_quiet};
use crate::error::{ZoneError, or_panic};
use crate::region::header::state;
use crate::scope::shared;
use crate::zone::Zone;
use core::alloc::Layout;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// The type of a `T` in a zone that lives for `'z`.
type In<'z, T> = <T as DeepCopy<'z>>::Copied;

/// A value together with the zone it lives in, such as a score, a sample map or a mesh. It is built on one thread,
/// handed to another by moving two words, and handed back to be freed or used again.
///
/// `T` is the type that the value would have in a zone that lives for ever. Inside the parcel it is the same type with
/// the zone's own lifetime. [`DeepCopy`] connects the two, so your own types need its derive.
///
/// ```
/// use memzone::{DeepCopy, Parcel};
///
/// #[derive(DeepCopy)]
/// struct Score<'z> {
///     title: &'z str,
///     notes: &'z mut [u8],
/// }
///
/// let mut score: Parcel<Score<'static>> = Parcel::new(64 * 1024, |z| Score {
///     title: z.alloc_str("Clapping"),
///     notes: z.alloc_slice_with(12, |n| 60 + n as u8),
/// });
/// let played = std::thread::spawn(move || {
///     score.with_mut(|score| score.notes[0] = 48);
///     let sum = score.with(|score| score.notes.iter().map(|&note| u32::from(note)).sum::<u32>());
///     (sum, score)
/// });
/// let (sum, score) = played.join().unwrap();
/// assert_eq!(sum, 774);
/// drop(score); // freed here, not where it was played
/// ```
///
/// A parcel can go to another thread if its value can, and threads can share it if they can share its value. What the
/// value borrows from the zone goes with it.
///
/// The value may keep the builder's `&Zone`, and allocate through it later. Such a parcel stays on its thread. The zone
/// has no handle but the parcel's. So cloning it, making a [`ZBox`](crate::ZBox) in it, or pushing it panics as long as
/// the parcel exists.
///
/// # Its end
///
/// Dropping a parcel drops the value, then runs the zone's cleanup hooks, newest first, and then frees the zone. All
/// this happens on the thread that drops it.
///
/// # Real-time
///
/// Sending, reading and changing one: yes. Building and dropping one: no.
pub struct Parcel<T: for<'z> DeepCopy<'z>> {
    /// The value, which lies in the zone. `'static` stands for the zone's lifetime, which has no name here (I22).
    held: NonNull<Held<In<'static, T>>>,
    zone: Zone,
}

/// What a parcel keeps in its zone.
struct Held<V> {
    value: V,
    figures: Figures,
    /// A handle that lies in the zone itself, so that it does not move with the parcel.
    handle: NonNull<Zone>,
}

/// The zone's figures when the value was built. A shared parcel may be asked for these. It may not read the zone's own
/// figures, which change with each allocation (I21).
struct Figures {
    used: usize,
    capacity: usize,
    high_water: usize,
    blocks: usize,
}

impl Figures {
    fn of(zone: &Zone) -> Figures {
        Figures {
            used: zone.used(),
            capacity: zone.capacity(),
            high_water: zone.high_water(),
            blocks: zone.blocks(),
        }
    }
}

// SAFETY: (I21) the parcel's handle was the zone's only one when the parcel was built, and it stays the only one, as
// the zone is sealed. All that the value reaches in the zone is its own, or shared among what is `Send`. Hooks are
// `Send + 'static`.
unsafe impl<T> Send for Parcel<T>
where
    T: for<'z> DeepCopy<'z>,
    for<'z> In<'z, T>: Send,
{
}

// SAFETY: (I21) a shared parcel gives access to the zone only through its value, which is `Sync`. The figures are those
// of the time when it was built, and the name never changes.
unsafe impl<T> Sync for Parcel<T>
where
    T: for<'z> DeepCopy<'z>,
    for<'z> In<'z, T>: Sync,
{
}

impl<T: for<'z> DeepCopy<'z>> Parcel<T> {
    /// Makes a zone with room for at least `bytes` and builds a value that lives in it.
    ///
    /// # Panics
    ///
    /// When [`try_new`](Parcel::try_new) gives an error.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn new<B>(bytes: usize, build: B) -> Parcel<T>
    where
        B: for<'z> FnOnce(&'z Zone) -> <T as DeepCopy<'z>>::Copied,
    {
        or_panic(Zone::try_new(bytes).and_then(|zone| Self::build(zone, |zone| Ok(build(zone)))))
    }

    /// Like [`new`](Parcel::new), with an error instead of a panic. The builder may give an error too.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_new`] and those of the builder. Also [`InUse`](ZoneError::InUse) if the builder kept a
    /// handle to the zone or a `ZBox` in it (the value cannot hold one either), or left the zone pushed. The value is
    /// dropped then.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    pub fn try_new<B>(bytes: usize, build: B) -> Result<Parcel<T>, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<<T as DeepCopy<'z>>::Copied, ZoneError>,
    {
        Self::build(Zone::try_new(bytes)?, build)
    }

    /// Builds a value in an existing zone: one from [`Zone::builder`], or that of a parcel that came back.
    ///
    /// ```
    /// use memzone::Parcel;
    ///
    /// let used: Parcel<&'static mut [f32]> = Parcel::new(4096, |z| z.alloc_slice(900, 0.5));
    /// let mut zone = used.into_zone();
    /// zone.reset()?;
    /// let next = Parcel::<&mut [f32]>::try_new_in(zone, |z| z.try_alloc_slice(900, 0.25))?;
    /// assert_eq!(next.blocks(), 1); // the same memory again
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the builder, and [`InUse`](ZoneError::InUse) if the zone has other handles, `ZBox`es or stack entries.
    /// The zone's handle is dropped then.
    ///
    /// # Real-time
    ///
    /// Yes, if the builder is.
    pub fn try_new_in<B>(zone: Zone, build: B) -> Result<Parcel<T>, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<<T as DeepCopy<'z>>::Copied, ZoneError>,
    {
        Self::build(zone, build)
    }

    fn build<B>(zone: Zone, build: B) -> Result<Parcel<T>, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<<T as DeepCopy<'z>>::Copied, ZoneError>,
    {
        let held = Self::put(&zone, build)?;
        Ok(Parcel { held, zone })
    }

    /// Builds a value in a zone, which is sealed then. `'z` is the lifetime of the zone's variable, so the compiler
    /// sees that the value ends before the zone.
    fn put<'z>(
        zone: &'z Zone,
        build: impl FnOnce(&'z Zone) -> Result<In<'z, T>, ZoneError>,
    ) -> Result<NonNull<Held<In<'static, T>>>, ZoneError> {
        // The value may keep this reference, so the handle behind it must not move with the parcel.
        let handle = zone.handle_in_zone()?;
        let layout = Layout::new::<Held<In<'z, T>>>();
        let place = zone.try_alloc_layout(layout)?.cast::<Held<In<'z, T>>>();
        let value = build(handle)?;
        // Checked while `value` still has an owner, so that an error drops it.
        zone.check_others(state::ENTRIES)?;
        zone.seal(true);
        let (figures, handle) = (Figures::of(zone), NonNull::from(handle));
        // SAFETY: (I2) the memory was just taken for this type.
        unsafe { place.write(Held { value, figures, handle }) };
        // The two types differ only in a lifetime. They are the same type otherwise, as no trait implementation
        // that `for<'z>` accepts can depend on the lifetime.
        Ok(place.cast())
    }

    /// The place of the value.
    #[inline]
    fn value(&self) -> NonNull<In<'static, T>> {
        // SAFETY: (I20) what the parcel holds lives as long as the zone.
        let value = unsafe { &raw mut (*self.held.as_ptr()).value };
        // SAFETY: (I20) this is the address of an existing field.
        unsafe { NonNull::new_unchecked(value) }
    }

    fn figures(&self) -> &Figures {
        // SAFETY: (I20) the figures live as long as the zone, and are never changed.
        unsafe { &(*self.held.as_ptr()).figures }
    }

    /// Reads the value.
    ///
    /// What it borrows from its zone cannot leave the closure:
    ///
    /// ```compile_fail
    /// use memzone::Parcel;
    ///
    /// let name: Parcel<&'static str> = Parcel::new(64, |z| &*z.alloc_str("kick"));
    /// let kept: &str = name.with(|name| *name);
    /// drop(name);
    /// println!("{kept}");
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn with<R>(&self, read: impl for<'z> FnOnce(&<T as DeepCopy<'z>>::Copied) -> R) -> R {
        // SAFETY: (I22) the value lives as long as the zone, and `read` knows nothing of the lifetime.
        read(unsafe { self.value().as_ref() })
    }

    /// Changes the value.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn with_mut<R>(
        &mut self,
        change: impl for<'z> FnOnce(&mut <T as DeepCopy<'z>>::Copied) -> R,
    ) -> R {
        // SAFETY: (I22) the value lives as long as the zone. `change` knows nothing of the lifetime, so it puts nothing
        // there that could end before the zone.
        change(unsafe { self.value().as_mut() })
    }

    /// Changes the value. The closure gets the parcel's zone too, and can put new parts of the value there.
    ///
    /// Old parts that the value does not lead to any more stay in the zone until [`compact`](Parcel::compact).
    ///
    /// ```
    /// use memzone::Parcel;
    ///
    /// let mut name: Parcel<&'static str> = Parcel::new(64, |z| &*z.alloc_str("kick"));
    /// name.edit(|name, z| *name = z.alloc_fmt(format_args!("{name} 2")));
    /// assert_eq!(name.with(|name| name.len()), 6);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, within what its zone has left.
    pub fn edit<R>(
        &mut self,
        edit: impl for<'z> FnOnce(&mut <T as DeepCopy<'z>>::Copied, &'z Zone) -> R,
    ) -> R {
        // SAFETY: (I20) what the parcel holds lives as long as the zone.
        let handle = unsafe { (*self.held.as_ptr()).handle };
        // SAFETY: (I21) the handle lies in the zone. The zone is sealed, so no other handle comes of it.
        let zone = unsafe { handle.as_ref() };
        // SAFETY: (I22) the value lives as long as the zone. `edit` knows nothing of the lifetime, so it puts nothing
        // there that could end before the zone.
        let result = edit(unsafe { self.value().as_mut() }, zone);
        let figures = Figures::of(&self.zone);
        // SAFETY: (I20) the figures are this parcel's, which nobody shares just now.
        unsafe { (*self.held.as_ptr()).figures = figures };
        result
    }

    /// Copies the value with all that it leads to into another zone, and goes on there. Old parts that it does not lead
    /// to any more are gone. The zone that the value was in is reset and becomes `spare`, for the next time.
    ///
    /// This is a copying collector that runs when you choose. Shared parts stay shared, and circles stay circles, as in
    /// [`zcopy_shared`](crate::zcopy_shared).
    ///
    /// ```
    /// use memzone::{DeepCopy, Parcel, Zone};
    ///
    /// #[derive(DeepCopy)]
    /// struct Patch<'z> {
    ///     modules: Option<&'z Module<'z>>,
    /// }
    ///
    /// #[derive(DeepCopy, Clone, Copy)]
    /// struct Module<'z> {
    ///     gain: f32,
    ///     next: Option<&'z Module<'z>>,
    /// }
    ///
    /// let (mut patch, mut spare) = (Parcel::<Patch>::new(4096, |_| Patch { modules: None }), Zone::new(4096));
    /// for n in 0..10_000 {
    ///     patch.edit(|patch, z| {
    ///         // Two modules are there, the newest one first.
    ///         let next = patch.modules.map(|last| &*z.alloc(Module { next: None, ..*last }));
    ///         patch.modules = Some(z.alloc(Module { gain: n as f32, next }));
    ///     });
    ///     if patch.used() > 2000 {
    ///         patch.compact(&mut spare)?;
    ///         assert!(patch.used() < 200);
    ///     }
    /// }
    /// assert_eq!((patch.blocks(), spare.blocks()), (1, 1));
    /// assert_eq!(patch.with(|patch| patch.modules.unwrap().next.unwrap().gain), 9998.0);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`try_zcopy_shared`](crate::try_zcopy_shared) and of [`Zone::reset`] for `spare`. The parcel is as it
    /// was then, and `spare` holds only what a failed copy leaves, until the next time.
    ///
    /// # Panics
    ///
    /// If a destructor of the old value or a cleanup hook of its zone panics. The parcel has the new value then.
    ///
    /// # Real-time
    ///
    /// As [`zcopy_shared`](crate::zcopy_shared), within what `spare` has room for.
    ///
    /// # Time complexity
    ///
    /// Linear in the values that the parcel's value leads to.
    pub fn compact(&mut self, spare: &mut Zone) -> Result<(), ZoneError>
    where
        for<'a, 'z> <T as DeepCopy<'a>>::Copied: DeepCopy<'z, Copied = <T as DeepCopy<'z>>::Copied>,
    {
        fn copy<'z, V: DeepCopy<'z>>(value: &V, to: &'z Zone) -> Result<V::Copied, ZoneError> {
            shared(to, is_quiet::<V>(), || value.deep_copy(to))
        }
        self.rebuild(spare, |to, value| copy(value, to))?;
        spare.reset()
    }

    /// Builds a value in `spare` from the one that there is, which is dropped then. The parcel takes that zone, and
    /// `spare` is the one that it had. Where this goes wrong, also by a panic, both zones are where they were.
    pub(super) fn rebuild<B>(&mut self, spare: &mut Zone, build: B) -> Result<(), ZoneError>
    where
        B: for<'z, 'l> FnOnce(
            &'z Zone,
            &<T as DeepCopy<'l>>::Copied,
        ) -> Result<<T as DeepCopy<'z>>::Copied, ZoneError>,
    {
        spare.reset()?;
        // By `with`, so that the builder knows nothing of the old zone's lifetime (I22).
        let held = Self::put(spare, |to| self.with(|value| build(to, value)))?;
        let old = self.value();
        core::mem::swap(&mut self.zone, spare);
        self.held = held;
        spare.seal(false);
        // SAFETY: (I20) the old value is dropped here and nowhere else, and its zone is still there.
        unsafe { old.drop_in_place() };
        Ok(())
    }

    /// Drops the value and gives its zone to this thread, which can reset it and use it again. Cleanup hooks run at the
    /// reset.
    ///
    /// # Real-time
    ///
    /// Yes, if the value's destructor is.
    pub fn into_zone(self) -> Zone {
        let this = ManuallyDrop::new(self);
        // SAFETY: (I20) the zone is moved out of `this`, which is not dropped.
        let zone = unsafe { (&raw const this.zone).read() };
        // SAFETY: (I20) the value is dropped here and nowhere else, and the zone is still there.
        unsafe { this.value().drop_in_place() };
        zone.seal(false);
        zone
    }

    /// The bytes in use in its zone when it was built.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn used(&self) -> usize {
        self.figures().used
    }

    /// The bytes that its zone could hold when it was built.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.figures().capacity
    }

    /// The most bytes that were in use in its zone at one time while it was built.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn high_water(&self) -> usize {
        self.figures().high_water
    }

    /// The number of blocks that its zone had when it was built. It is more than one if `bytes` was too little.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn blocks(&self) -> usize {
        self.figures().blocks
    }

    /// The name of its zone.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn name(&self) -> Option<&'static str> {
        self.zone.name()
    }
}

impl<T: for<'z> DeepCopy<'z>> Drop for Parcel<T> {
    fn drop(&mut self) {
        // The zone is a field, so it is dropped afterwards, even if this panics.
        // SAFETY: (I20) the value is dropped here and nowhere else, as `into_zone` forgets the parcel.
        unsafe { self.value().drop_in_place() };
    }
}

impl<T: for<'z> DeepCopy<'z>> fmt::Debug for Parcel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("name", &self.name())
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("blocks", &self.blocks())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
    use loom::thread;

    /// A value whose accesses loom checks.
    struct Watched<'z>(&'z UnsafeCell<usize>, Arc<AtomicUsize>);

    // SAFETY: nobody else has its cell.
    unsafe impl Send for Watched<'_> {}

    impl<'z> DeepCopy<'z> for Watched<'_> {
        type Copied = Watched<'z>;
        fn deep_copy(&self, _: &'z Zone) -> Result<Watched<'z>, ZoneError> {
            unreachable!("it stays in its zone")
        }
    }

    impl Drop for Watched<'_> {
        fn drop(&mut self) {
            // SAFETY: nobody else uses it meanwhile, which loom checks.
            self.0.with(|value| assert_eq!(unsafe { *value }, 7));
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds to the value, as its only user.
    fn add(parcel: &mut Parcel<Watched<'static>>, more: usize) {
        parcel.with_mut(|watched| {
            // SAFETY: nobody else uses it meanwhile, which loom checks.
            watched.0.with_mut(|value| unsafe { *value += more });
        });
    }

    /// Sends a parcel through a word, there and back, as a lock-free queue does.
    #[test]
    fn a_parcel_is_handed_over_whole_and_ends_once() {
        loom::model(|| {
            let drops = Arc::new(AtomicUsize::new(0));
            let word = Arc::new(AtomicPtr::new(core::ptr::null_mut()));
            let of_value = Arc::clone(&drops);
            let mut parcel = Parcel::<Watched>::new(256, move |z| {
                // loom's cell has a destructor, so `alloc` would refuse it.
                let cell = z.alloc_uninit::<core::mem::ManuallyDrop<UnsafeCell<usize>>>(1);
                let cell = cell[0].write(core::mem::ManuallyDrop::new(UnsafeCell::new(1)));
                Watched(cell, of_value)
            });
            add(&mut parcel, 2);
            let there = Arc::clone(&word);
            let player = thread::spawn(move || {
                let taken = there.swap(core::ptr::null_mut(), Ordering::Acquire);
                let Some(taken) = NonNull::new(taken) else { return false };
                // SAFETY: leaked below, and taken once.
                let mut parcel = unsafe { Box::from_raw(taken.as_ptr()) };
                add(&mut parcel, 4);
                there.store(Box::into_raw(parcel), Ordering::Release);
                true
            });
            word.swap(Box::into_raw(Box::new(parcel)), Ordering::Release);
            let was_there = player.join().unwrap();
            let back = word.swap(core::ptr::null_mut(), Ordering::Acquire);
            // SAFETY: leaked above or by the player, and taken once.
            let mut parcel = unsafe { Box::from_raw(back) };
            if !was_there {
                add(&mut parcel, 4);
            }
            drop(parcel);
            assert_eq!(drops.load(Ordering::Relaxed), 1);
        });
    }
}
