//! Fading from one definition to the next within blocks of samples.
//!
//! During a fade both definitions play into the caller's own block, one after the other, so that any kind of block will
//! do. What the block held before, and then what the old definition played, is in a scratch of flat memory meanwhile.

#![forbid(unsafe_code)]

use super::caller::Caller;
use super::fade::{Fader, Mix};
use crate::closure::zone_fn::ZoneFn;
use crate::error::{ZoneError, or_panic};
use crate::heap::{HBox, try_halloc_slice};
use core::f64::consts::FRAC_PI_2;
use core::fmt;

/// How long a fade of a [`BlockFader`] is, and how the gains of the two definitions go over it.
///
/// When two similar sounds are mixed, their amplitudes add up. When two different sounds are mixed, their powers add
/// up. So take [`linear`](Fade::linear) if a redefinition changes a part of the sound, such as a filter's frequency,
/// and [`equal_power`](Fade::equal_power) if it begins another sound. The wrong one is 3 dB too loud or too soft in the
/// middle of the fade.
///
/// ```
/// use memzone::Fade;
///
/// assert_eq!(Fade::linear(3).gains(0), (0.75, 0.25)); // of the old definition and of the new one
/// let (old, new) = Fade::equal_power(3).gains(0);
/// assert!((old * old + new * new - 1.0).abs() < 1e-6);
/// ```
///
/// # Real-time
///
/// Yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fade {
    frames: u32,
    curve: Curve,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    Linear,
    EqualPower,
}

impl Fade {
    /// A fade over this many frames whose gains add up to 1. With 0 there is no fade.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn linear(frames: u32) -> Fade {
        Fade { frames, curve: Curve::Linear }
    }

    /// A fade over this many frames whose gains' squares add up to 1. With 0 there is no fade.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn equal_power(frames: u32) -> Fade {
        Fade { frames, curve: Curve::EqualPower }
    }

    /// The gains of the old and the new definition in a frame of the fade, the first of which is number 0. After the
    /// fade they are 0 and 1.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn gains(self, frame: u32) -> (f32, f32) {
        if frame >= self.frames {
            return (0.0, 1.0);
        }
        let part = self.part(frame);
        match self.curve {
            Curve::Linear => ((1.0 - part) as f32, part as f32),
            Curve::EqualPower => {
                let (sine, cosine) = (FRAC_PI_2 * part).sin_cos();
                (cosine as f32, sine as f32)
            }
        }
    }

    /// The part of the fade that is over in a frame. It is never 0 or 1, as each frame of a fade is one of both.
    fn part(self, frame: u32) -> f64 {
        (f64::from(frame) + 1.0) / (f64::from(self.frames) + 1.0)
    }

    /// Fades from what is in `old` to what is in `new`, which gets the sum. The first of their frames is number `from`
    /// of the fade, and a frame is so many samples.
    fn mix<T: Sample>(self, from: u32, old: &[T], new: &mut [T], frame: usize) {
        let old = old.chunks(frame);
        let frames = new.chunks_mut(frame).zip(old).zip(from..self.frames);
        match self.curve {
            Curve::Linear => {
                for ((new, old), number) in frames {
                    let part = self.part(number) as f32;
                    new.iter_mut().zip(old).for_each(|(new, old)| *new = T::mix(*old, *new, part));
                }
            }
            // One step of a rotation for each frame. It is set anew with each block, so no error adds up.
            Curve::EqualPower => {
                let (mut sine, mut cosine) = (FRAC_PI_2 * self.part(from)).sin_cos();
                let (step_sine, step_cosine) =
                    (FRAC_PI_2 / (f64::from(self.frames) + 1.0)).sin_cos();
                for ((new, old), _) in frames {
                    for (new, old) in new.iter_mut().zip(old) {
                        *new = T::weighed(*old, cosine as f32, *new, sine as f32);
                    }
                    (cosine, sine) = (
                        cosine * step_cosine - sine * step_sine,
                        sine * step_cosine + cosine * step_sine,
                    );
                }
            }
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl<T> Sealed for [T] {}
}

/// A sample of a block that fades: `f32` or `f64`.
///
/// ```
/// use memzone::Sample;
///
/// fn silence<T: Sample>(block: &mut [T]) {
///     block.fill(T::default());
/// }
///
/// let mut block = [0.5_f32; 4];
/// silence(&mut block);
/// assert_eq!(block, [0.0; 4]);
/// ```
pub trait Sample: Mix + Copy + Default + sealed::Sealed {
    /// The sum of two samples with their gains.
    #[doc(hidden)]
    fn weighed(old: Self, old_gain: f32, new: Self, new_gain: f32) -> Self;
}

impl Sample for f32 {
    #[inline]
    fn weighed(old: f32, old_gain: f32, new: f32, new_gain: f32) -> f32 {
        old * old_gain + new * new_gain
    }
}

impl Sample for f64 {
    #[inline]
    fn weighed(old: f64, old_gain: f32, new: f64, new_gain: f32) -> f64 {
        old * f64::from(old_gain) + new * f64::from(new_gain)
    }
}

/// A block of samples that a [`BlockFader`] can play into: `[f32]` and `[f64]`, mono or interleaved, and the planar
/// `[&mut [f32]]` and `[&mut [f64]]`.
///
/// ```
/// use memzone::Block;
///
/// fn can_be_played<T, B: Block<T> + ?Sized>(_: &B) {}
///
/// let (mut left, mut right) = ([0.0_f32; 64], [0.0_f32; 64]);
/// can_be_played::<f32, _>(&left[..]);
/// can_be_played::<f32, _>(&[&mut left[..], &mut right[..]][..]);
/// ```
pub trait Block<T>: sealed::Sealed {
    /// Hands out the block's samples, one plane after the other, with the number of samples that a frame has there.
    #[doc(hidden)]
    fn planes(&mut self, interleaved: usize, each: impl FnMut(&mut [T], usize));
}

impl<T: Sample> Block<T> for [T] {
    #[inline]
    fn planes(&mut self, interleaved: usize, mut each: impl FnMut(&mut [T], usize)) {
        each(self, interleaved);
    }
}

impl<T: Sample> Block<T> for [&mut [T]] {
    #[inline]
    fn planes(&mut self, _: usize, mut each: impl FnMut(&mut [T], usize)) {
        self.iter_mut().for_each(|plane| each(plane, 1));
    }
}

/// A [`Caller`] that fades from each definition to the next, for definitions that fill blocks. A fade goes sample by
/// sample, begins with a block, and ends within one or goes on over several, whatever their lengths.
///
/// The player says how a definition is called, and may hand it anything else, such as an input:
///
/// ```
/// use memzone::{BlockFader, Fade, ZoneFn, hot};
///
/// fn gain(gain: f32) -> ZoneFn<dyn FnMut(&[f32], &mut [f32])> {
///     ZoneFn::new(1024, |z| {
///         z.callback(move |input: &[f32], output: &mut [f32]| {
///             output.iter_mut().zip(input).for_each(|(output, input)| *output = gain * input);
///         })
///     })
/// }
///
/// let (caller, binder) = hot(gain(1.0));
/// let mut fader = BlockFader::new(caller, Fade::linear(3), 64); // blocks of at most 64 samples
/// let (input, mut output) = ([1.0; 8], [0.0; 8]);
/// binder.rebind(gain(0.0));
/// fader.play(&mut output[..], |definition, output| definition(&input, output))?;
/// assert_eq!(output, [0.75, 0.5, 0.25, 0.0, 0.0, 0.0, 0.0, 0.0]);
/// assert_eq!(binder.reclaim(), 1);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// Blocks are mono, interleaved (see [`interleaved`](BlockFader::interleaved)), or planar, a host's `&mut [&mut
/// [f32]]`. Definitions may play in place. In a fade both find in the block what the player had put there. They must
/// leave a planar block's planes where they are.
///
/// The old definition is retired after its fade. Redefinitions that come meanwhile wait for the block after its end,
/// and only the newest of them is played.
///
/// # State
///
/// State that outlives redefinitions (see [`hot`](crate::hot)) must not be advanced twice. So the old definition plays
/// on with a copy, as for a [`Fader`], and the new one with the player's own:
///
/// ```
/// use memzone::{BlockFader, Fade, ZoneFn, hot};
///
/// fn saw(step: f32) -> ZoneFn<dyn FnMut(&mut f32, &mut [f32])> {
///     ZoneFn::new(1024, |z| {
///         z.callback(move |phase: &mut f32, block: &mut [f32]| {
///             for sample in block {
///                 *phase = (*phase + step).fract();
///                 *sample = *phase * 2.0 - 1.0;
///             }
///         })
///     })
/// }
///
/// let (caller, binder) = hot(saw(0.25));
/// let mut phase = 0.0;
/// let mut fader = BlockFader::with_state(caller, Fade::equal_power(480), 64, phase);
/// binder.rebind(saw(0.125));
/// let mut block = [0.0; 64];
/// for _ in 0..10 {
///     fader.play_with(&mut phase, &mut block[..], |saw, phase, block| saw(phase, block))?;
/// }
/// assert_eq!(phase, 0.0); // 640 steps of an eighth
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Real-time
///
/// Playing: yes, if the closures are and copying the state is. Making and dropping one: no, as the scratch is memory of
/// the system's.
pub struct BlockFader<D: ?Sized, T = f32, S = ()> {
    fader: Fader<D, S>,
    fade: Fade,
    /// The number of samples in a frame of a block that is not planar.
    interleaved: usize,
    scratch: HBox<[T]>,
}

impl<D: ?Sized, T: Sample> BlockFader<D, T> {
    /// Makes a fader with a scratch for blocks of at most this many samples, those of all channels counted.
    ///
    /// # Panics
    ///
    /// When [`try_with_state`](BlockFader::try_with_state) gives an error.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn new(caller: Caller<D>, fade: Fade, longest: usize) -> Self {
        or_panic(Self::try_new(caller, fade, longest))
    }

    /// Like [`new`](BlockFader::new), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_with_state`](BlockFader::try_with_state).
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    pub fn try_new(caller: Caller<D>, fade: Fade, longest: usize) -> Result<Self, ZoneError> {
        BlockFader::try_with_state(caller, fade, longest, ())
    }

    /// Plays a block. `call` gets a definition and the block, and calls the definition with the block. During a fade it
    /// is called twice: first with the old definition, then with the new one.
    ///
    /// A panic in a closure reaches the player. The fader can be used afterwards.
    ///
    /// # Errors
    ///
    /// [`BlockTooLong`](ZoneError::BlockTooLong) where a fade is due and the block has more samples than the scratch.
    /// Nothing is played then.
    ///
    /// # Real-time
    ///
    /// Yes, if the closures are.
    #[inline]
    pub fn play<B: Block<T> + ?Sized>(
        &mut self,
        block: &mut B,
        mut call: impl FnMut(&mut D, &mut B),
    ) -> Result<(), ZoneError> {
        self.play_with(&mut (), block, |definition, (), block| call(definition, block))
    }
}

impl<D: ?Sized, T: Sample, S> BlockFader<D, T, S> {
    /// Like [`new`](BlockFader::new), for definitions that are called with a state. `spare` is a second state, with as
    /// much room as the player's. Its content does not matter.
    ///
    /// # Panics
    ///
    /// When [`try_with_state`](BlockFader::try_with_state) gives an error.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    #[track_caller]
    pub fn with_state(caller: Caller<D>, fade: Fade, longest: usize, spare: S) -> Self {
        or_panic(Self::try_with_state(caller, fade, longest, spare))
    }

    /// Like [`with_state`](BlockFader::with_state), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`](ZoneError::OutOfMemory) and [`TooLarge`](ZoneError::TooLarge) for the scratch. The caller is
    /// dropped in that case.
    ///
    /// # Real-time
    ///
    /// No: it asks the system for memory.
    pub fn try_with_state(
        caller: Caller<D>,
        fade: Fade,
        longest: usize,
        spare: S,
    ) -> Result<Self, ZoneError> {
        let scratch = try_halloc_slice(longest, T::default())?;
        let fader = Fader::with_state(caller, fade.frames, spare);
        Ok(BlockFader { fader, fade, interleaved: 1, scratch })
    }

    /// Takes blocks that are not planar as frames of this many samples, which have the same gains.
    ///
    /// ```
    /// use memzone::{BlockFader, Fade, ZoneFn, hot};
    ///
    /// let level = |level: f32| -> ZoneFn<dyn FnMut(&mut [f32])> {
    ///     ZoneFn::new(1024, move |z| z.callback(move |block: &mut [f32]| block.fill(level)))
    /// };
    /// let (caller, binder) = hot(level(1.0));
    /// let mut fader = BlockFader::new(caller, Fade::linear(1), 6).interleaved(2);
    /// binder.rebind(level(0.0));
    /// let mut block = [0.0; 6];
    /// fader.play(&mut block[..], |definition, block| definition(block))?;
    /// assert_eq!(block, [0.5, 0.5, 0.0, 0.0, 0.0, 0.0]);
    /// # Ok::<(), memzone::ZoneError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If `channels` is 0.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn interleaved(mut self, channels: usize) -> Self {
        assert!(channels > 0, "an interleaved block has at least one channel");
        self.interleaved = channels;
        self
    }

    /// Whether two definitions are playing.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn is_fading(&self) -> bool {
        self.fader.is_fading()
    }

    /// The number of redefinitions that were taken up.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn taken_up(&self) -> u64 {
        self.fader.taken_up()
    }

    /// The definition that was taken up last, as by [`Caller::definition`].
    ///
    /// # Real-time
    ///
    /// Yes. What you move out of here is destroyed where you drop it.
    pub fn definition(&mut self) -> &mut ZoneFn<D> {
        self.fader.definition()
    }

    /// Gives the caller back. A fade ends at once.
    ///
    /// # Real-time
    ///
    /// No: the scratch is freed here. In a section that denies, it is put aside.
    pub fn into_caller(self) -> Caller<D> {
        self.fader.into_caller()
    }
}

impl<D: ?Sized, T: Sample, S: Clone> BlockFader<D, T, S> {
    /// Like [`play`](BlockFader::play), with the player's state. During a fade the old definition has a copy of it.
    ///
    /// A panic in a closure reaches the player. The fader can be used afterwards.
    ///
    /// # Errors
    ///
    /// Those of [`play`](BlockFader::play).
    ///
    /// # Real-time
    ///
    /// Yes, if the closures are, and copying the state at the start of a fade is.
    #[inline]
    pub fn play_with<B: Block<T> + ?Sized>(
        &mut self,
        state: &mut S,
        block: &mut B,
        mut call: impl FnMut(&mut D, &mut S, &mut B),
    ) -> Result<(), ZoneError> {
        if self.fader.rests() {
            call(self.fader.definition(), state, block);
            return Ok(());
        }
        self.play_fading(state, block, call)
    }

    /// Plays a block of a fade.
    #[inline(never)]
    fn play_fading<B: Block<T> + ?Sized>(
        &mut self,
        state: &mut S,
        block: &mut B,
        mut call: impl FnMut(&mut D, &mut S, &mut B),
    ) -> Result<(), ZoneError> {
        let scratch = &mut *self.scratch;
        let (mut samples, mut frames) = (0, 0);
        block.planes(self.interleaved, |plane, frame| {
            samples += plane.len();
            frames = frames.max(plane.len().div_ceil(frame));
        });
        if samples > scratch.len() {
            return Err(ZoneError::BlockTooLong { samples, longest: scratch.len() });
        }
        let from = self.fader.begin_fade_with(state);
        let Some((new, old, spare_state)) = self.fader.both() else { return Ok(()) };
        over(block, self.interleaved, scratch, |plane, kept, _| kept.copy_from_slice(plane));
        call(old, spare_state, block);
        over(block, self.interleaved, scratch, |plane, kept, _| plane.swap_with_slice(kept));
        call(new, state, block);
        over(block, self.interleaved, scratch, |plane, old, frame| {
            self.fade.mix(from, old, plane, frame);
        });
        self.fader.advance(u32::try_from(frames).unwrap_or(u32::MAX));
        Ok(())
    }
}

/// Goes over a block's planes, each with its part of the scratch, as long as there is scratch.
#[inline]
fn over<T, B: Block<T> + ?Sized>(
    block: &mut B,
    interleaved: usize,
    scratch: &mut [T],
    mut each: impl FnMut(&mut [T], &mut [T], usize),
) {
    let mut at = 0;
    block.planes(interleaved, |plane, frame| {
        // A definition may have put other planes in the block. They are no longer than what there is.
        let len = plane.len().min(scratch.len() - at);
        each(&mut plane[..len], &mut scratch[at..at + len], frame);
        at += len;
    });
}

impl<D: ?Sized, T, S> fmt::Debug for BlockFader<D, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockFader")
            .field("fader", &self.fader)
            .field("fade", &self.fade)
            .field("longest", &self.scratch.len())
            .finish_non_exhaustive()
    }
}
