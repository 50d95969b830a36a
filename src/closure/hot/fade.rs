//! Fading from one definition to the next, so that a redefinition makes no click.

#![forbid(unsafe_code)]

use super::caller::Caller;
use crate::closure::zone_fn::ZoneFn;
use core::fmt;

/// Values that can be mixed for a fade: a sample, or a frame of several samples.
///
/// ```
/// use memzone::Mix;
///
/// struct Stereo {
///     left: f32,
///     right: f32,
/// }
///
/// impl Mix for Stereo {
///     fn mix(from: Stereo, to: Stereo, part: f32) -> Stereo {
///         Stereo {
///             left: f32::mix(from.left, to.left, part),
///             right: f32::mix(from.right, to.right, part),
///         }
///     }
/// }
///
/// let silence = Stereo { left: 0.0, right: 0.0 };
/// let middle = Stereo::mix(silence, Stereo { left: 1.0, right: -1.0 }, 0.5);
/// assert_eq!((middle.left, middle.right), (0.5, -0.5));
/// ```
pub trait Mix: Sized {
    /// Mixes two values. `part`, between 0 and 1, is the part of `new`. The rest is that of `old`.
    ///
    /// # Real-time
    ///
    /// Yes, for the types that this crate implements it for.
    fn mix(old: Self, new: Self, part: f32) -> Self;
}

impl Mix for f32 {
    #[inline]
    fn mix(old: f32, new: f32, part: f32) -> f32 {
        old + (new - old) * part
    }
}

impl Mix for f64 {
    #[inline]
    fn mix(old: f64, new: f64, part: f32) -> f64 {
        old + (new - old) * f64::from(part)
    }
}

impl<T: Mix, U: Mix> Mix for (T, U) {
    #[inline]
    fn mix(old: (T, U), new: (T, U), part: f32) -> (T, U) {
        (T::mix(old.0, new.0, part), U::mix(old.1, new.1, part))
    }
}

impl<T: Mix, const N: usize> Mix for [T; N] {
    #[inline]
    fn mix(old: [T; N], new: [T; N], part: f32) -> [T; N] {
        let mut old = old.into_iter();
        new.map(|new| match old.next() {
            Some(old) => T::mix(old, new, part),
            None => new,
        })
    }
}

/// A [`Caller`] that fades from each definition to the next, for definitions that return a sample or a frame. During a
/// fade both are called for each sample, and their results are mixed, in equal steps from the old definition to the new
/// one. For definitions that fill blocks there is [`BlockFader`](crate::BlockFader).
///
/// The old definition is retired after its fade. Redefinitions that come meanwhile wait for the end of the fade, and
/// only the newest of them is played.
///
/// ```
/// use memzone::{Fader, ZoneFn, hot};
///
/// let level = |level: f32| ZoneFn::new(1024, |z| z.closure(move |()| level));
/// let (caller, binder) = hot(level(1.0));
/// let mut fader = Fader::new(caller, 3);
/// assert_eq!(fader.call(()), 1.0);
/// binder.rebind(level(0.0));
/// let faded = [(); 5].map(|()| fader.call(()));
/// assert_eq!(faded, [0.75, 0.5, 0.25, 0.0, 0.0]);
/// assert_eq!(binder.reclaim(), 1);
/// ```
///
/// # State
///
/// While two definitions play, they would advance state that outlives redefinitions (see [`hot`](crate::hot)) twice a
/// sample. So the old definition plays on with a copy. At the start of a fade, `clone_from` copies the player's state
/// into a spare one. For most types this takes no memory if the spare state has room already.
///
/// ```
/// use memzone::{Fader, ZoneFn, hot};
///
/// fn saw(gain: f32) -> ZoneFn<dyn FnMut(&mut f32, f32) -> f32> {
///     ZoneFn::new(1024, |z| {
///         z.callback(move |phase: &mut f32, step: f32| {
///             *phase = (*phase + step).fract();
///             *phase * gain
///         })
///     })
/// }
/// let (caller, binder) = hot(saw(1.0));
/// let mut phase = 0.0;
/// let mut fader = Fader::with_state(caller, 480, phase);
/// binder.rebind(saw(0.5));
/// for _ in 0..100 {
///     fader.call_with(&mut phase, 0.125);
/// }
/// assert_eq!(phase, 0.5); // 100 steps, not 200
/// ```
///
/// A large state should not be copied. Keep the small part of it (a phase, a position) in the state, and the large part
/// (a delay line) outside. Lend the large part to each call as a shared reference in the argument. Then the definitions
/// only read it, and the player writes what they return.
///
/// ```
/// use memzone::{Fader, Zone, ZoneFn, hot};
/// use std::cell::Cell;
///
/// /// The line, and where the next sample goes.
/// type Line<'z> = (&'z [Cell<f32>], usize);
///
/// fn echo<'z>(gain: f32) -> ZoneFn<dyn FnMut((f32, Line<'z>)) -> f32> {
///     ZoneFn::new(1024, |z| {
///         z.closure(move |(input, (line, at)): (f32, Line<'_>)| input + line[at].get() * gain)
///     })
/// }
///
/// let zone = Zone::new(64 * 1024);
/// let line = Cell::from_mut(zone.alloc_slice(4, 0.0)).as_slice_of_cells();
/// let (caller, binder) = hot(echo(0.5));
/// let mut fader = Fader::new(caller, 480);
/// let mut echoes = [0.0; 9];
/// for (n, output) in echoes.iter_mut().enumerate() {
///     let at = n % line.len();
///     *output = fader.call((if n == 0 { 1.0 } else { 0.0 }, (line, at)));
///     line[at].set(*output); // the player writes, once a sample, whoever is playing
///     if n == 5 {
///         binder.rebind(echo(0.25));
///     }
/// }
/// assert!(echoes[8] > 0.24 && echoes[8] < 0.25); // on its way from one to the other
/// ```
///
/// # Real-time
///
/// Yes, if the closures are and copying the state is.
pub struct Fader<D: ?Sized, S = ()> {
    caller: Caller<D>,
    /// The state for the definition that is faded out.
    spare_state: S,
    samples: u32,
    /// The number of samples of the fade that were played.
    played: u32,
}

impl<A: Clone, R: Mix> Fader<dyn FnMut(A) -> R> {
    /// Plays one sample.
    ///
    /// A panic in a closure reaches the player. The fader can be used afterwards.
    ///
    /// # Real-time
    ///
    /// Yes, if the closures are.
    #[inline]
    pub fn call(&mut self, argument: A) -> R {
        self.play(&mut (), argument, |definition, (), argument| definition(argument))
    }
}

impl<A: Clone, R: Mix, S: Clone> Fader<dyn FnMut(&mut S, A) -> R, S> {
    /// Plays one sample, with the player's state.
    ///
    /// A panic in a closure reaches the player. The fader can be used afterwards.
    ///
    /// # Real-time
    ///
    /// Yes, if the closures are, and copying the state at the start of a fade is.
    #[inline]
    pub fn call_with(&mut self, state: &mut S, argument: A) -> R {
        self.play(state, argument, |definition, state, argument| definition(state, argument))
    }
}

impl<D: ?Sized> Fader<D> {
    /// Makes a fader that fades over this many samples: 480 are 10 ms at 48 kHz. With 0 it plays as the caller does.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn new(caller: Caller<D>, samples: u32) -> Fader<D> {
        Fader::with_state(caller, samples, ())
    }
}

impl<D: ?Sized, S> Fader<D, S> {
    /// Like [`new`](Fader::new), for definitions that are called with a state. `spare` is a second state, with as much
    /// room as the player's. Its content does not matter.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn with_state(caller: Caller<D>, samples: u32, spare: S) -> Fader<D, S> {
        Fader { caller, spare_state: spare, samples, played: 0 }
    }

    /// Whether two definitions are playing.
    ///
    /// ```
    /// use memzone::{Fader, ZoneFn, hot};
    ///
    /// let level = |level: f32| ZoneFn::new(1024, move |z| z.closure(move |()| level));
    /// let (caller, binder) = hot(level(1.0));
    /// let mut fader = Fader::new(caller, 2);
    /// binder.rebind(level(0.0));
    /// fader.call(());
    /// assert!(fader.is_fading());
    /// fader.call(());
    /// assert!(!fader.is_fading());
    /// assert_eq!(fader.taken_up(), 1);
    /// let mut caller = fader.into_caller(); // from here on without fades
    /// assert_eq!(caller(()), 0.0);
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_fading(&self) -> bool {
        self.caller.taker.is_fading()
    }

    /// The number of redefinitions that were taken up.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn taken_up(&self) -> u64 {
        self.caller.taken_up
    }

    /// The definition that was taken up last, as by [`Caller::definition`]. This is useful for its zone's name and
    /// figures, for example.
    ///
    /// # Real-time
    ///
    /// Yes. What you move out of here is destroyed where you drop it.
    pub fn definition(&mut self) -> &mut ZoneFn<D> {
        self.caller.definition()
    }

    /// Gives the caller back. A fade ends at once.
    ///
    /// # Real-time
    ///
    /// Yes, if dropping the spare state is. It is dropped here.
    pub fn into_caller(mut self) -> Caller<D> {
        self.caller.taker.end_fade();
        self.caller
    }
}

/// For faders that play more than a sample at a time.
impl<D: ?Sized, S> Fader<D, S> {
    /// Whether there is neither a fade nor one to begin.
    #[inline]
    pub(super) fn rests(&mut self) -> bool {
        if self.samples == 0 {
            self.caller.refresh();
            return true;
        }
        let taker = &mut self.caller.taker;
        if taker.is_fading() || taker.has_new() {
            return false;
        }
        taker.send_back();
        true
    }

    /// The new definition of a fade, the old one, and the state for that one.
    pub(super) fn both(&mut self) -> Option<(&mut D, &mut D, &mut S)> {
        let (new, old) = self.caller.taker.current_and_fading()?;
        Some((new, old, &mut self.spare_state))
    }

    /// So many samples of the fade were played.
    pub(super) fn advance(&mut self, samples: u32) {
        self.played = self.played.saturating_add(samples);
        if self.played >= self.samples {
            self.caller.taker.end_fade();
        }
    }
}

impl<D: ?Sized, S: Clone> Fader<D, S> {
    /// Plays one sample. `call` says how a definition is called.
    #[inline]
    fn play<A: Clone, R: Mix>(
        &mut self,
        state: &mut S,
        argument: A,
        call: impl Fn(&mut D, &mut S, A) -> R,
    ) -> R {
        let taker = &mut self.caller.taker;
        if self.samples == 0 {
            return call(&mut self.caller, state, argument);
        }
        if !taker.is_fading() {
            if !taker.has_new() {
                taker.send_back();
                return call(taker.current(), state, argument);
            }
            self.begin_fade_with(state);
        }
        self.play_fading(state, argument, call)
    }

    /// Begins a fade, if none is on. Returns the number of its next sample.
    #[cold]
    pub(super) fn begin_fade_with(&mut self, state: &S) -> u32 {
        if !self.is_fading() {
            // The copy is made before the fade begins, so that a panic in it changes nothing.
            self.spare_state.clone_from(state);
            self.caller.taken_up += u64::from(self.caller.taker.begin_fade());
            self.played = 0;
        }
        self.played
    }

    /// Plays one sample of a fade.
    #[inline(never)]
    fn play_fading<A: Clone, R: Mix>(
        &mut self,
        state: &mut S,
        argument: A,
        call: impl Fn(&mut D, &mut S, A) -> R,
    ) -> R {
        let Some((current, old)) = self.caller.taker.current_and_fading() else {
            return call(&mut self.caller, state, argument);
        };
        let new = call(current, state, argument.clone());
        let old = call(old, &mut self.spare_state, argument);
        let part = (self.played + 1) as f32 / (self.samples as f32 + 1.0);
        self.advance(1);
        R::mix(old, new, part)
    }
}

impl<D: ?Sized, S> fmt::Debug for Fader<D, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fader")
            .field("caller", &self.caller)
            .field("samples", &self.samples)
            .field("fading", &self.is_fading())
            .finish_non_exhaustive()
    }
}
