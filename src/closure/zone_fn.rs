//! Closures that live in zones, and those that own the zone they live in.

use crate::closure::signature::Signature;
use crate::error::{ZoneError, or_panic};
use crate::region::header::{Header, state};
use crate::zone::Zone;
use core::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

/// A closure that lives in a zone and borrows it. [`Zone::closure`] and [`Zone::callback`] make one.
///
/// `D` is its signature, such as `dyn FnMut(f32) -> f32`. It is called like a function, and it owns what it captured, as
/// a `Box<dyn FnMut(f32) -> f32 + Send + 'z>` would. So it may capture values with a destructor, and another closure may
/// capture it.
///
/// ```
/// use memzone::Zone;
///
/// let zone = Zone::new(1024);
/// let mut count = 0;
/// let mut one = zone.closure(move |step: u32| { count += step; count });
/// let mut two = zone.closure(move |step| one(step) * 10);
/// assert_eq!((two(1), two(2)), (10, 30));
/// ```
///
/// # Real-time
///
/// Calling it: yes, if the closure is. Dropping it: yes, if the destructors of what it captured are.
pub struct Closure<'z, D: ?Sized> {
    /// The closure in its zone. `'static` stands for `'z` in the bound of `D` (I26).
    object: NonNull<D>,
    zone: PhantomData<&'z Zone>,
}

// SAFETY: (I21) it owns a closure that is `Send`, and touches nothing else of the zone.
unsafe impl<D: ?Sized> Send for Closure<'_, D> {}

impl<D: ?Sized> Closure<'_, D> {
    /// Gives up the closure. The caller must give it another owner.
    fn into_object(self) -> NonNull<D> {
        ManuallyDrop::new(self).object
    }
}

/// Calling a closure takes it as a `&mut D`.
impl<D: ?Sized> Deref for Closure<'_, D> {
    type Target = D;
    #[inline(always)]
    fn deref(&self) -> &D {
        // SAFETY: (I20) a closure lives as long as its zone, which is borrowed.
        unsafe { self.object.as_ref() }
    }
}

impl<D: ?Sized> DerefMut for Closure<'_, D> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut D {
        // SAFETY: (I20) as in `deref`, and `&mut self` is the closure's only user.
        unsafe { self.object.as_mut() }
    }
}

impl<D: ?Sized> Drop for Closure<'_, D> {
    fn drop(&mut self) {
        // SAFETY: (I20) the closure is dropped here and nowhere else, as `into_object` forgets the owner.
        unsafe { self.object.drop_in_place() };
    }
}

impl<D: ?Sized> fmt::Debug for Closure<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closure").finish_non_exhaustive()
    }
}

impl Zone {
    /// Puts a closure of one argument into the zone, with what it captured. Use a tuple for several arguments, and `()`
    /// for none. For blocks of samples and other arguments that are borrowed for each call, see
    /// [`callback`](Zone::callback).
    ///
    /// The closure must be `Send`. So it may capture `&mut` and shared references into the zone, but not a `&Zone`,
    /// `Zone`, `ZBox` or `&Cell`.
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
    /// assert_eq!(delay((1.0, 0.5)), 0.0);
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
    pub fn closure<'z, A, R, F>(&'z self, closure: F) -> Closure<'z, dyn FnMut(A) -> R>
    where
        F: FnMut(A) -> R + Send + 'z,
    {
        or_panic(self.try_closure(closure))
    }

    /// Like [`closure`](Zone::closure), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The closure is dropped in that case.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_closure<'z, A, R, F>(
        &'z self,
        closure: F,
    ) -> Result<Closure<'z, dyn FnMut(A) -> R>, ZoneError>
    where
        F: FnMut(A) -> R + Send + 'z,
    {
        self.try_callback(closure)
    }

    /// Puts a closure into the zone whose arguments may be borrowed for each call: blocks of samples, and state that
    /// outlives the closure (see [`hot`](crate::hot)).
    ///
    /// The signature comes from where the closure goes: the type of a function's result, of a variable or of a field.
    /// Write the types of reference arguments at the closure too, as Rust wants them there.
    ///
    /// ```
    /// use memzone::ZoneFn;
    ///
    /// /// Any audio callback's signature will do, with any lifetimes for each call.
    /// type Effect = ZoneFn<dyn FnMut(&[f32], &mut [f32])>;
    ///
    /// fn gain(gain: f32) -> Effect {
    ///     ZoneFn::new(1024, |z| {
    ///         z.callback(move |input: &[f32], output: &mut [f32]| {
    ///             output.iter_mut().zip(input).for_each(|(output, input)| *output = gain * input);
    ///         })
    ///     })
    /// }
    ///
    /// let (input, mut output) = ([1.0; 64], [0.0; 64]);
    /// let mut half = gain(0.5);
    /// half(&input, &mut output);
    /// assert_eq!(output[63], 0.5);
    /// ```
    ///
    /// [`Signature`] lists the signatures that there are, and says how to add others.
    ///
    /// # Panics
    ///
    /// When [`try_callback`](Zone::try_callback) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn callback<'z, D, Form, F>(&'z self, closure: F) -> Closure<'z, D>
    where
        D: Signature<Form, F> + ?Sized,
        F: Send + 'z,
    {
        or_panic(self.try_callback(closure))
    }

    /// Like [`callback`](Zone::callback), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The closure is dropped in that case.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    pub fn try_callback<'z, D, Form, F>(&'z self, closure: F) -> Result<Closure<'z, D>, ZoneError>
    where
        D: Signature<Form, F> + ?Sized,
        F: Send + 'z,
    {
        let place = self.try_alloc_layout(Layout::new::<F>())?.cast::<F>();
        // SAFETY: (I2) the memory was just taken for this type.
        unsafe { place.write(closure) };
        Ok(Closure { object: D::object(place), zone: PhantomData })
    }
}

/// A closure that owns the zone it was built in, with all the memory it uses.
///
/// It is built on a thread that may take memory, and can then be sent to another thread and called there. Once it is
/// built, it never asks the system for anything, unless the closure itself does.
///
/// `D` is its signature, such as `dyn FnMut(f32) -> f32` or `dyn FnMut(&mut [f32])`. It is called like a function. The
/// compiler finds the signature of [`closure`](Zone::closure)s of one plain argument. For blocks and other borrowed
/// arguments, name it and use [`callback`](Zone::callback).
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
/// let player = std::thread::spawn(move || (filter(1.0), filter(1.0)));
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
///     z.closure(move |rate| voices.iter_mut().map(|voice| voice(rate)).sum::<f32>())
/// });
/// assert!(chord(48_000.0) < -2.9);
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
pub struct ZoneFn<D: ?Sized> {
    /// The closure in its zone. `'static` stands for the zone's lifetime in the bound of `D` (I26).
    object: NonNull<D>,
    node: NonNull<Node<D>>,
}

/// What a `ZoneFn` keeps in its zone, so that it can be one pointer where it is handed over.
struct Node<D: ?Sized> {
    object: NonNull<D>,
    zone: NonNull<Header>,
}

// SAFETY: (I21) its closure is `Send`, and was made without knowledge of the zone's lifetime. So all that it reaches in
// the zone is its own, or shared among what is `Send`. Its handle was the zone's only one when it was built, and is
// never given out. Hooks are `Send + 'static`.
unsafe impl<D: ?Sized> Send for ZoneFn<D> {}

impl<D: ?Sized> ZoneFn<D> {
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
        B: for<'z> FnOnce(&'z Zone) -> Closure<'z, D>,
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
    /// handle to the zone or a `ZBox` in it, or left the zone pushed. The closure is dropped in that case.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    pub fn try_new<B>(bytes: usize, build: B) -> Result<Self, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<Closure<'z, D>, ZoneError>,
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
        B: for<'z> FnOnce(&'z Zone) -> Result<Closure<'z, D>, ZoneError>,
    {
        Self::build(zone, build)
    }

    fn build<B>(zone: Zone, build: B) -> Result<Self, ZoneError>
    where
        B: for<'z> FnOnce(&'z Zone) -> Result<Closure<'z, D>, ZoneError>,
    {
        // The closure has an owner until the end. So if anything goes wrong, its captures are dropped, and then the
        // zone.
        //
        // The closure may capture the builder's reference: some wrappers make any value `Send`, and check the thread
        // when the value is used. So what the reference refers to must not move, and no handle may come of it later
        // (I21).
        let handle = zone.handle_in_zone()?;
        let node = zone.try_alloc_layout(Layout::new::<Node<D>>())?.cast::<Node<D>>();
        let closure = build(handle)?;
        zone.check_others(state::ENTRIES)?;
        zone.seal(true);
        let object = closure.into_object();
        // SAFETY: (I2) the memory was just taken for this type.
        unsafe { node.write(Node { object, zone: zone.into_raw() }) };
        Ok(ZoneFn { object, node })
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
        let node = raw.cast::<Node<D>>();
        // SAFETY: (I20) the node lives as long as the zone, which the caller has.
        let object = unsafe { node.as_ref() }.object;
        ZoneFn { object, node }
    }

    /// Drops the closure and gives its zone to this thread, which can reset it and use it again. Cleanup hooks run at
    /// the reset. So a thread that must not free memory can keep a list of spare zones for what comes and goes:
    ///
    /// ```
    /// use memzone::{Zone, ZoneFn};
    ///
    /// /// A note: all that it sounds from is in its zone.
    /// fn note(zone: Zone, frequency: f32) -> Result<ZoneFn<dyn FnMut() -> f32>, memzone::ZoneError> {
    ///     ZoneFn::try_new_in(zone, move |z| {
    ///         let phase = z.try_alloc(0.0_f32)?;
    ///         z.try_callback(move || {
    ///             *phase = (*phase + frequency / 48_000.0).fract();
    ///             *phase * 2.0 - 1.0
    ///         })
    ///     })
    /// }
    ///
    /// let mut first = note(Zone::new(1024), 220.0)?;
    /// first();
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
        let this = ManuallyDrop::new(self);
        // SAFETY: (I20) `self` is consumed, and not dropped.
        unsafe { this.end() }
    }

    /// Drops the closure, and returns its zone.
    ///
    /// # Safety
    ///
    /// I20: the `ZoneFn` is not used again, and is not dropped either.
    unsafe fn end(&self) -> Zone {
        // The handle is made first, so that it is dropped if the destructor of a capture panics.
        // SAFETY: (I1) this is the handle that the `ZoneFn` had.
        let zone = unsafe { Zone::from_raw(self.node().zone) };
        // SAFETY: (I20) the closure is dropped here and nowhere else, before the zone.
        unsafe { self.object.drop_in_place() };
        zone.seal(false);
        zone
    }

    fn node(&self) -> &Node<D> {
        // SAFETY: (I20) the node lives as long as the zone, which `self` owns.
        unsafe { self.node.as_ref() }
    }

    /// Looks at the zone without giving out a handle to it.
    fn look<T>(&self, look: impl FnOnce(&Zone) -> T) -> T {
        // SAFETY: (I1) `self` has the zone's handle, and the copy is not dropped.
        look(&ManuallyDrop::new(unsafe { Zone::from_raw(self.node().zone) }))
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

/// Calling a `ZoneFn` takes its closure as a `&mut D`. A panic in the closure reaches the caller. The `ZoneFn` can be
/// called again afterwards.
impl<D: ?Sized> Deref for ZoneFn<D> {
    type Target = D;
    #[inline(always)]
    fn deref(&self) -> &D {
        // SAFETY: (I20) the closure lives as long as the zone, which `self` owns.
        unsafe { self.object.as_ref() }
    }
}

impl<D: ?Sized> DerefMut for ZoneFn<D> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut D {
        // SAFETY: (I20) as in `deref`, and `&mut self` is the closure's only user.
        unsafe { self.object.as_mut() }
    }
}

impl<D: ?Sized> Drop for ZoneFn<D> {
    fn drop(&mut self) {
        // SAFETY: (I20) `self` is not used again.
        drop(unsafe { self.end() });
    }
}

impl<D: ?Sized> fmt::Debug for ZoneFn<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ZoneFn")
            .field("name", &self.name())
            .field("used", &self.used())
            .field("capacity", &self.capacity())
            .field("blocks", &self.blocks())
            .finish_non_exhaustive()
    }
}
