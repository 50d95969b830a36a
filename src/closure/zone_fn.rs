//! Closures that live in zones, and those that own the zone they live in.

use crate::error::{ZoneError, or_panic};
use crate::region::header::{Header, state};
use crate::zone::Zone;
use core::alloc::Layout;
use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// The part before a closure in its zone: it tells how the closure is called and dropped.
struct Node<A, R, S: ?Sized> {
    /// Calls the closure.
    call: unsafe fn(NonNull<()>, &mut S, A) -> R,
    /// Drops the closure.
    drop: unsafe fn(NonNull<()>),
    /// The zone that a `ZoneFn` owns. For a `Closure`, which borrows its zone, this is the empty zone.
    zone: Cell<NonNull<Header>>,
}

#[repr(C)]
struct NodeOf<A, R, S: ?Sized, F> {
    node: Node<A, R, S>,
    closure: F,
}

/// Calls a closure of type `F`.
///
/// # Safety
///
/// I20: `node` is a `NodeOf` with a closure of type `F`, and nobody else uses it meanwhile.
unsafe fn call<A, R, S: ?Sized, F>(node: NonNull<()>, shared: &mut S, argument: A) -> R
where
    F: FnMut(&mut S, A) -> R,
{
    let node = node.cast::<NodeOf<A, R, S, F>>().as_ptr();
    // SAFETY: (I20) the caller's promise.
    let closure = unsafe { &mut (*node).closure };
    closure(shared, argument)
}

/// Drops a closure of type `F`.
///
/// # Safety
///
/// I20: the same as for `call`, and the closure is not used again.
unsafe fn drop_closure<A, R, S: ?Sized, F>(node: NonNull<()>) {
    let node = node.cast::<NodeOf<A, R, S, F>>().as_ptr();
    // SAFETY: (I20) the caller's promise.
    let closure = unsafe { &raw mut (*node).closure };
    // SAFETY: (I20) as above.
    unsafe { closure.drop_in_place() };
}

/// A closure that lives in a zone and borrows it. [`Zone::closure`] makes one.
///
/// It owns what it captured, as a `Box<dyn FnMut(A) -> R + Send + 'z>` would. So it may capture values with a
/// destructor, and another closure may capture it.
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::new(1024);
/// let mut count = 0;
/// let mut one = zone.closure(move |step: u32| { count += step; count });
/// let mut two = zone.closure(move |step| one.call(step) * 10);
/// assert_eq!((two.call(1), two.call(2)), (10, 30));
/// ```
///
/// # Real-time
///
/// Calling it: yes, if the closure is. Dropping it: yes, if the destructors of what it captured are.
pub struct Closure<'z, A, R, S: ?Sized = ()> {
    node: NonNull<Node<A, R, S>>,
    zone: PhantomData<&'z Zone>,
}

// SAFETY: (I21) it owns a closure that is `Send`, and touches nothing else of the zone.
unsafe impl<A, R, S: ?Sized> Send for Closure<'_, A, R, S> {}

impl<A, R, S: ?Sized> Closure<'_, A, R, S> {
    /// Calls the closure.
    ///
    /// # Real-time
    ///
    /// Yes, if the closure is.
    #[inline]
    pub fn call_with(&mut self, shared: &mut S, argument: A) -> R {
        // SAFETY: (I20) a node lives as long as its zone, which is borrowed.
        let node = unsafe { self.node.as_ref() };
        // SAFETY: (I20) `call` was made for this node, and `&mut self` is its only user.
        unsafe { (node.call)(self.node.cast(), shared, argument) }
    }

    /// Gives up the node. The caller must give it another owner.
    fn into_node(self) -> NonNull<Node<A, R, S>> {
        ManuallyDrop::new(self).node
    }
}

impl<A, R> Closure<'_, A, R> {
    /// Calls the closure.
    ///
    /// # Real-time
    ///
    /// Yes, if the closure is.
    #[inline]
    pub fn call(&mut self, argument: A) -> R {
        self.call_with(&mut (), argument)
    }
}

impl<A, R, S: ?Sized> Drop for Closure<'_, A, R, S> {
    fn drop(&mut self) {
        // SAFETY: (I20) as in `call_with`.
        let node = unsafe { self.node.as_ref() };
        // SAFETY: (I20) the closure is dropped here and nowhere else, as `into_node` forgets the owner.
        unsafe { (node.drop)(self.node.cast()) };
    }
}

impl<A, R, S: ?Sized> fmt::Debug for Closure<'_, A, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closure").finish_non_exhaustive()
    }
}

impl Zone {
    /// Puts a closure into the zone, with what it captured.
    ///
    /// The closure takes one argument. Use a tuple for several arguments, and `()` for none. It must be `Send`. So it
    /// may capture `&mut` and shared references into the zone, but not a `&Zone`, `Zone`, `ZBox` or `&Cell`.
    ///
    /// ```
    /// use memzone::Zone;
    ///
    /// let zone = Zone::new(64 * 1024);
    /// let line = zone.alloc_slice(4800, 0.0_f32);
    /// let mut at = 0;
    /// let mut delay = zone.closure(move |(input, feedback): (f32, f32)| {
    ///     let output = line[at];
    ///     line[at] = input + output * feedback;
    ///     at = (at + 1) % line.len();
    ///     output
    /// });
    /// assert_eq!(delay.call((1.0, 0.5)), 0.0);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_closure`](Zone::try_closure) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn closure<'z, A, R, F>(&'z self, closure: F) -> Closure<'z, A, R>
    where
        F: FnMut(A) -> R + Send + 'z,
    {
        or_panic(self.try_closure(closure))
    }

    /// Like [`closure`](Zone::closure), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The closure is dropped then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_closure<'z, A, R, F>(
        &'z self,
        mut closure: F,
    ) -> Result<Closure<'z, A, R>, ZoneError>
    where
        F: FnMut(A) -> R + Send + 'z,
    {
        self.try_closure_with(move |_: &mut (), argument| closure(argument))
    }

    /// Puts a closure into the zone to which the caller lends something with each call. That can be a buffer to fill,
    /// or state that outlives the closure; see [`hot`](crate::hot).
    ///
    /// ```
    /// use memzone::Zone;
    ///
    /// let zone = Zone::new(1024);
    /// let mut gain = zone.closure_with(|block: &mut [f32], gain: f32| {
    ///     block.iter_mut().for_each(|sample| *sample *= gain);
    /// });
    /// let mut block = [1.0; 64];
    /// gain.call_with(&mut block, 0.5);
    /// assert_eq!(block[63], 0.5);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_closure_with`](Zone::try_closure_with) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn closure_with<'z, A, R, S, F>(&'z self, closure: F) -> Closure<'z, A, R, S>
    where
        S: ?Sized,
        F: FnMut(&mut S, A) -> R + Send + 'z,
    {
        or_panic(self.try_closure_with(closure))
    }

    /// Like [`closure_with`](Zone::closure_with), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The closure is dropped then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_closure_with<'z, A, R, S, F>(
        &'z self,
        closure: F,
    ) -> Result<Closure<'z, A, R, S>, ZoneError>
    where
        S: ?Sized,
        F: FnMut(&mut S, A) -> R + Send + 'z,
    {
        let place = self.try_alloc_layout(Layout::new::<NodeOf<A, R, S, F>>())?;
        let place = place.cast::<NodeOf<A, R, S, F>>();
        let node = Node {
            call: call::<A, R, S, F>,
            drop: drop_closure::<A, R, S, F>,
            zone: Cell::new(Header::empty()),
        };
        // SAFETY: (I2) the memory was just taken for this type.
        unsafe { place.write(NodeOf { node, closure }) };
        Ok(Closure { node: place.cast(), zone: PhantomData })
    }
}

/// A closure that owns the zone it was built in, with all the memory it uses.
///
/// It is built on a thread that may take memory, and can then be sent to another thread and called there. Once it is
/// built, it never asks the system for anything, unless the closure itself does. It takes one argument. Use a tuple for
/// several.
///
/// ```
/// use memzone::ZoneFn;
///
/// // A low-pass filter: the mean of the last `n` samples.
/// let n = 4;
/// let mut filter = ZoneFn::new(64 * 1024, |z| {
///     let last = z.alloc_slice(n, 0.0_f32);
///     let mut at = 0;
///     z.closure(move |sample: f32| {
///         last[at] = sample;
///         at = (at + 1) % last.len();
///         last.iter().sum::<f32>() / last.len() as f32
///     })
/// });
/// let player = std::thread::spawn(move || (filter.call(1.0), filter.call(1.0)));
/// assert_eq!(player.join().unwrap(), (0.25, 0.5));
/// ```
///
/// # What it may capture
///
/// It may capture whatever is `Send` and lives either for ever or in its zone. That includes `&mut` and shared
/// references to what [`Zone::alloc`] and similar methods gave. It also includes values with destructors, which run
/// when the `ZoneFn` is dropped. State that several closures in one `ZoneFn` share belongs to the outermost one:
///
/// ```
/// use memzone::ZoneFn;
///
/// let mut chord = ZoneFn::new(4096, |z| {
///     let mut voices = [220.0, 275.0, 330.0].map(|frequency: f32| {
///         let mut phase = 0.0_f32;
///         z.closure(move |rate: f32| {
///             phase = (phase + frequency / rate).fract();
///             phase * 2.0 - 1.0
///         })
///     });
///     z.closure(move |rate| voices.iter_mut().map(|voice| voice.call(rate)).sum::<f32>())
/// });
/// assert!(chord.call(48_000.0) < -2.9);
/// ```
///
/// What is not `Send` does not compile:
///
/// ```compile_fail,E0277
/// use memzone::ZoneFn;
///
/// ZoneFn::new(1024, |z| z.closure(move |n: usize| z.alloc(n).count_ones()));
/// ```
///
/// # Its end
///
/// Dropping a `ZoneFn` drops what it captured, then runs the zone's cleanup hooks, newest first, and then frees the
/// zone. All this happens on the thread that drops it.
///
/// # Real-time
///
/// Calling it: yes, if the closure is. A call is one indirect call. Building and dropping it: no.
#[repr(transparent)]
pub struct ZoneFn<A, R, S: ?Sized = ()> {
    node: NonNull<Node<A, R, S>>,
}

// SAFETY: (I21) its closure is `Send`, and was made without knowledge of the zone's lifetime. So all that it reaches in
// the zone is its own, or shared among what is `Send`. Its handle was the zone's only one when it was built, and is
// never given out. Hooks are `Send + 'static`.
unsafe impl<A, R, S: ?Sized> Send for ZoneFn<A, R, S> {}

impl<A, R, S: ?Sized> ZoneFn<A, R, S> {
    /// Makes a zone with room for at least `bytes` and builds a closure in it.
    ///
    /// # Panics
    ///
    /// When [`try_new`](ZoneFn::try_new) gives an error.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn new<B>(bytes: usize, build: B) -> Self
    where
        B: for<'z> FnOnce(&'z Zone) -> Closure<'z, A, R, S>,
    {
        or_panic(Zone::try_new(bytes).and_then(|zone| Self::build(zone, |zone| Ok(build(zone)))))
    }

    /// Like [`new`](ZoneFn::new), with an error instead of a panic. The builder may give an error too.
    ///
    /// ```
    /// use memzone::{ZoneError, ZoneFn};
    ///
    /// let delay = |samples: usize| {
    ///     ZoneFn::try_new(0, |z| {
    ///         let line = z.try_alloc_slice(samples, 0.0_f32)?;
    ///         z.try_closure(move |at: usize| line[at % line.len()])
    ///     })
    /// };
    /// assert!(delay(48_000).is_ok());
    /// assert!(matches!(delay(usize::MAX), Err(ZoneError::TooLarge { .. })));
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_new`] and those of the builder. Also [`InUse`](ZoneError::InUse) if the builder kept a
    /// handle to the zone or a `ZBox` in it, or left the zone pushed. The closure is dropped then.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    pub fn try_new<B>(bytes: usize, build: B) -> Result<Self, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<Closure<'z, A, R, S>, ZoneError>,
    {
        Self::build(Zone::try_new(bytes)?, build)
    }

    /// Builds a closure in an existing zone: one from [`Zone::builder`] with a limit, a name or memory touched in
    /// advance, or one whose memory is used again.
    ///
    /// ```
    /// use memzone::{Zone, ZoneFn};
    ///
    /// let zone = Zone::builder().capacity(4096).fixed().name("osc").prefault().build();
    /// let osc = ZoneFn::try_new_in(zone, |z| z.try_closure(|phase: f32| phase.sin()))?;
    /// assert_eq!((osc.name(), osc.capacity()), (Some("osc"), 4096));
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
    pub fn try_new_in<B>(zone: Zone, build: B) -> Result<Self, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<Closure<'z, A, R, S>, ZoneError>,
    {
        Self::build(zone, build)
    }

    fn build<B>(zone: Zone, build: B) -> Result<Self, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<Closure<'z, A, R, S>, ZoneError>,
    {
        // The closure has an owner until the end. So if anything goes wrong, its captures are dropped, and then the
        // zone.
        //
        // The closure may capture the builder's reference: some wrappers make any value `Send`, and check the thread
        // when the value is used. So what the reference refers to must not move, and no handle may come of it later
        // (I21).
        let closure = build(zone.handle_in_zone()?)?;
        zone.check_others(state::ENTRIES)?;
        zone.seal(true);
        let node = closure.into_node();
        // SAFETY: (I20) the zone is still there.
        let of_node = unsafe { node.as_ref() };
        of_node.zone.set(zone.into_raw());
        Ok(ZoneFn { node })
    }

    /// Calls the closure and lends it something of the caller's; see [`Zone::closure_with`].
    ///
    /// A panic in the closure reaches the caller. The `ZoneFn` can be called again afterwards.
    ///
    /// # Real-time
    ///
    /// Yes, if the closure is.
    #[inline(always)]
    pub fn call_with(&mut self, shared: &mut S, argument: A) -> R {
        // SAFETY: (I20) the node lives as long as the zone, which `self` owns.
        let node = unsafe { self.node.as_ref() };
        // SAFETY: (I20) `call` was made for this node, and `&mut self` is its only user.
        unsafe { (node.call)(self.node.cast(), shared, argument) }
    }

    /// The closure and its zone as one pointer, aligned for pointers.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).node.cast()
    }

    /// The opposite of `into_raw`.
    ///
    /// # Safety
    ///
    /// `raw` comes from `into_raw` of a `ZoneFn` of this type, and is passed in only once.
    pub(crate) unsafe fn from_raw(raw: NonNull<()>) -> Self {
        ZoneFn { node: raw.cast() }
    }

    /// Drops the closure and gives its zone to this thread, which can reset it and use it again. Cleanup hooks run at
    /// the reset. So a thread that must not free memory can keep a list of spare zones for what comes and goes:
    ///
    /// ```
    /// use memzone::{Zone, ZoneFn};
    ///
    /// /// A note: all that it sounds from is in its zone.
    /// fn note(zone: Zone, frequency: f32) -> Result<ZoneFn<(), f32>, memzone::ZoneError> {
    ///     ZoneFn::try_new_in(zone, move |z| {
    ///         let phase = z.try_alloc(0.0_f32)?;
    ///         z.try_closure(move |()| {
    ///             *phase = (*phase + frequency / 48_000.0).fract();
    ///             *phase * 2.0 - 1.0
    ///         })
    ///     })
    /// }
    ///
    /// let mut first = note(Zone::new(1024), 220.0)?;
    /// first.call(());
    /// let mut spare = first.into_zone();
    /// spare.reset()?;
    /// let second = note(spare, 330.0)?; // the same memory again
    /// assert_eq!(second.blocks(), 1);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes, if the destructors of what it captured are.
    pub fn into_zone(self) -> Zone {
        let node = ManuallyDrop::new(self).node;
        // SAFETY: (I20) `self` is consumed, and not dropped.
        unsafe { Self::end(node) }
    }

    /// Drops the closure, and returns its zone.
    ///
    /// # Safety
    ///
    /// I20: `node` belongs to a `ZoneFn` that is not used again, and is not dropped either.
    unsafe fn end(node: NonNull<Node<A, R, S>>) -> Zone {
        // SAFETY: (I20) the node lives as long as the zone.
        let of_node = unsafe { node.as_ref() };
        // The handle is made first, so that it is dropped if the destructor of a capture panics.
        // SAFETY: (I1) this is the handle that the `ZoneFn` had.
        let zone = unsafe { Zone::from_raw(of_node.zone.get()) };
        // SAFETY: (I20) the closure is dropped here and nowhere else, before the zone.
        unsafe { (of_node.drop)(node.cast()) };
        zone.seal(false);
        zone
    }

    /// Looks at the zone without giving out a handle to it.
    fn look<T>(&self, look: impl FnOnce(&Zone) -> T) -> T {
        // SAFETY: (I20) the node lives as long as the zone, which `self` owns.
        let node = unsafe { self.node.as_ref() };
        // SAFETY: (I1) `self` has the zone's handle, and the copy is not dropped.
        look(&ManuallyDrop::new(unsafe { Zone::from_raw(node.zone.get()) }))
    }

    /// The bytes in use in its zone: the closure, what it captured, and what was allocated when it was built.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn used(&self) -> usize {
        self.look(Zone::used)
    }

    /// The bytes that its zone can hold.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn capacity(&self) -> usize {
        self.look(Zone::capacity)
    }

    /// The most bytes that were in use in its zone at one time.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn high_water(&self) -> usize {
        self.look(Zone::high_water)
    }

    /// The number of blocks that its zone has. It is more than one if `bytes` was too little.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn blocks(&self) -> usize {
        self.look(Zone::blocks)
    }

    /// The name of its zone.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn name(&self) -> Option<&'static str> {
        self.look(Zone::name)
    }
}

impl<A, R> ZoneFn<A, R> {
    /// Calls the closure.
    ///
    /// A panic in the closure reaches the caller. The `ZoneFn` can be called again afterwards.
    ///
    /// # Real-time
    ///
    /// Yes, if the closure is.
    #[inline(always)]
    pub fn call(&mut self, argument: A) -> R {
        self.call_with(&mut (), argument)
    }
}

impl<A, R, S: ?Sized> Drop for ZoneFn<A, R, S> {
    fn drop(&mut self) {
        // SAFETY: (I20) `self` is not used again.
        drop(unsafe { Self::end(self.node) });
    }
}

impl<A, R, S: ?Sized> fmt::Debug for ZoneFn<A, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneFn")
            .field("name", &self.name())
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("blocks", &self.blocks())
            .finish_non_exhaustive()
    }
}
