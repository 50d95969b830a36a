//! The two sides of a closure that is redefined while it plays: the caller and the binder.

#![forbid(unsafe_code)]

use super::mailbox::{Giver, Taker, mailbox};
use crate::closure::zone_fn::ZoneFn;
use crate::error::{ZoneError, or_panic};
use core::fmt;
use core::ops::{Deref, DerefMut};

/// Makes a closure that can be redefined while another thread plays it. The [`Caller`] goes to that thread, which may
/// be that of an audio callback. The [`Binder`] stays.
///
/// ```
/// use memzone::{ZoneFn, hot};
///
/// let (mut caller, binder) = hot(ZoneFn::new(1024, |z| z.closure(|x: f32| x * 0.5)));
/// let player = std::thread::spawn(move || {
///     while caller(1.0) == 0.5 {} // plays, as long as nobody defines something else
///     caller(1.0)
/// });
/// binder.rebind(ZoneFn::new(1024, |z| z.closure(|x: f32| x * 0.25)));
/// assert_eq!(player.join().unwrap(), 0.25);
/// assert_eq!(binder.reclaim(), 2); // both died here, the second one as the caller had ended
/// ```
///
/// # State that outlives a redefinition
///
/// What a closure captured ends with the closure. State that is to go on, such as an oscillator's phase or a delay
/// line, belongs to the player. The player lends it to each call, so every definition finds it as the one before left
/// it.
///
/// ```
/// use memzone::{ZoneFn, hot};
///
/// struct Patch {
///     phase: f32,
/// }
///
/// impl Patch {
///     fn step(&mut self, frequency: f32) -> f32 {
///         self.phase = (self.phase + frequency / 48_000.0).fract();
///         self.phase
///     }
/// }
///
/// type Voice = ZoneFn<dyn FnMut(&mut Patch, f32) -> f32>;
///
/// let sine: Voice = ZoneFn::new(1024, |z| {
///     z.callback(|patch: &mut Patch, frequency: f32| {
///         (patch.step(frequency) * std::f32::consts::TAU).sin()
///     })
/// });
/// let (mut caller, binder) = hot(sine);
/// let mut patch = Patch { phase: 0.0 };
/// for _ in 0..100 {
///     caller(&mut patch, 440.0);
/// }
/// let before = patch.phase;
///
/// // A saw, which goes on where the sine was.
/// binder.rebind(ZoneFn::new(1024, |z| {
///     z.callback(|patch: &mut Patch, frequency: f32| patch.step(frequency) * 2.0 - 1.0)
/// }));
/// let saw = caller(&mut patch, 440.0);
/// assert_eq!(saw, (before + 440.0 / 48_000.0) * 2.0 - 1.0);
/// ```
///
/// State with memory of its own, such as a delay line, can live in a [`Parcel`](crate::Parcel), or be made once on the
/// player's side. A [`Fader`](crate::Fader) plays redefinitions without a click.
///
/// # Panics
///
/// When [`try_hot`] gives an error.
///
/// # Real-time
///
/// No: it asks the system for memory.
#[track_caller]
pub fn hot<D: ?Sized>(f: ZoneFn<D>) -> (Caller<D>, Binder<D>) {
    or_panic(try_hot(f))
}

/// Like [`hot`], with an error instead of a panic.
///
/// # Errors
///
/// [`OutOfMemory`](ZoneError::OutOfMemory). The closure is dropped in that case.
///
/// # Real-time
///
/// No: it asks the system for memory.
pub fn try_hot<D: ?Sized>(f: ZoneFn<D>) -> Result<(Caller<D>, Binder<D>), ZoneError> {
    let (taker, giver) = mailbox(f)?;
    Ok((Caller { taker, taken_up: 0 }, Binder { giver }))
}

/// The side of a [`hot`] closure that plays it. It is called like a function, and each call goes to the newest
/// definition.
///
/// Dropping it leaves all closures to the [`Binder`], which destroys them. If the binder has ended before, they are
/// destroyed here. [`into_definition`](Caller::into_definition) keeps the current closure from being destroyed.
///
/// ```
/// use memzone::{ZoneFn, hot};
///
/// let level = |level: f32| ZoneFn::new(1024, move |z| z.closure(move |()| level));
/// let (mut caller, binder) = hot(level(1.0));
/// binder.rebind(level(0.5));
/// assert_eq!((caller(()), caller.taken_up()), (0.5, 1));
/// let mut last = caller.into_definition(); // to play on, without a binder
/// drop(binder);
/// assert_eq!(last(()), 0.5);
/// ```
///
/// # Real-time
///
/// Yes. Nothing here waits, and nothing frees memory as long as there is a binder. Taking up a redefinition is one
/// atomic exchange. A call without one is a load, a branch and an indirect call.
pub struct Caller<D: ?Sized> {
    pub(super) taker: Taker<ZoneFn<D>>,
    pub(super) taken_up: u64,
}

impl<D: ?Sized> Caller<D> {
    /// Takes up the newest redefinition, if there is one, and says whether there was.
    ///
    /// This is for the start of a block that one definition is to play as a whole. Call that definition through
    /// [`definition`](Caller::definition).
    ///
    /// ```
    /// use memzone::{ZoneFn, hot};
    ///
    /// let (mut caller, binder) = hot(ZoneFn::new(1024, |z| z.closure(|n: usize| n as f32)));
    /// let mut block = [0.0; 64];
    /// caller.refresh();
    /// let f = caller.definition();
    /// for (n, sample) in block.iter_mut().enumerate() {
    ///     *sample = f(n);
    /// }
    /// # drop(binder);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn refresh(&mut self) -> bool {
        self.taker.has_new() && self.take_up()
    }

    #[cold]
    #[inline(never)]
    fn take_up(&mut self) -> bool {
        let took = self.taker.take_up();
        self.taken_up += u64::from(took);
        took
    }

    /// The definition that was taken up last. This does not look for a newer one.
    ///
    /// # Real-time
    ///
    /// Yes. What you move out of here, for example with `mem::replace`, is destroyed where you drop it.
    #[inline(always)]
    pub fn definition(&mut self) -> &mut ZoneFn<D> {
        self.taker.current()
    }

    /// The number of redefinitions that were taken up.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn taken_up(&self) -> u64 {
        self.taken_up
    }

    /// Ends this side, and returns the definition that it plays. The binder gets all others.
    ///
    /// # Real-time
    ///
    /// Yes, unless the binder has ended before.
    pub fn into_definition(self) -> ZoneFn<D> {
        self.taker.into_current()
    }
}

/// Calling a `Caller` like a function takes up the newest redefinition, if there is one, and calls it. A panic in the
/// closure reaches the player. The `Caller` can be used afterwards.
impl<D: ?Sized> DerefMut for Caller<D> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut D {
        if self.taker.has_new() {
            self.take_up();
        }
        self.taker.current()
    }
}

impl<D: ?Sized> Deref for Caller<D> {
    type Target = D;
    #[inline(always)]
    fn deref(&self) -> &D {
        self.taker.current_ref()
    }
}

/// The side of a [`hot`] closure that redefines it. Several threads may use it at once, by reference.
///
/// Closures that were retired or skipped are destroyed in [`rebind`](Binder::rebind) and [`reclaim`](Binder::reclaim),
/// or when the binder is dropped. While none of these is called, at most one retired closure waits. The last definition
/// is still taken up after the binder is gone.
///
/// ```
/// use memzone::{ZoneFn, hot};
///
/// let level = |level: f32| ZoneFn::new(1024, move |z| z.closure(move |()| level));
/// let (mut caller, binder) = hot(level(1.0));
/// binder.rebind(level(0.5));
/// assert_eq!(binder.rebind(level(0.25)), 1); // 0.5 was never played
/// assert!(binder.is_pending());
/// assert_eq!(caller(()), 0.25);
/// assert!(!binder.is_pending());
/// drop(caller);
/// assert!(binder.has_ended());
/// assert_eq!(binder.reclaim(), 2); // 1.0 was retired, 0.25 was left
/// ```
pub struct Binder<D: ?Sized> {
    giver: Giver<ZoneFn<D>>,
}

impl<D: ?Sized> Binder<D> {
    /// Redefines the closure. The caller's next call goes to `f`.
    ///
    /// A definition that the caller has not taken up yet is destroyed here without being played. So is one that the
    /// caller has retired. If the caller has ended, `f` itself is destroyed. The result is the number of closures
    /// destroyed. Added to what [`reclaim`](Binder::reclaim) returns, it accounts for all closures that there were.
    ///
    /// # Real-time
    ///
    /// No: a closure that is destroyed frees its zone. This does not wait for the caller.
    pub fn rebind(&self, f: ZoneFn<D>) -> usize {
        usize::from(self.giver.give(f).is_some())
    }

    /// Destroys the closures that the caller has retired, or left when it ended, and returns their number.
    ///
    /// # Real-time
    ///
    /// No: it frees zones.
    pub fn reclaim(&self) -> usize {
        let collected = self.giver.collect();
        collected.iter().flatten().count()
    }

    /// Whether the caller has not taken up the last redefinition yet.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_pending(&self) -> bool {
        self.giver.is_waiting()
    }

    /// Whether the caller has ended. Then nobody takes up redefinitions.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn has_ended(&self) -> bool {
        self.giver.has_taker_ended()
    }
}

impl<D: ?Sized> fmt::Debug for Caller<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pending = self.taker.has_new();
        f.debug_struct("Caller")
            .field("taken_up", &self.taken_up)
            .field("pending", &pending)
            .finish_non_exhaustive()
    }
}

impl<D: ?Sized> fmt::Debug for Binder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binder")
            .field("pending", &self.is_pending())
            .field("ended", &self.has_ended())
            .finish_non_exhaustive()
    }
}
