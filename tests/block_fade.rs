//! Fades within blocks of samples.

#![allow(clippy::type_complexity, reason = "signatures are what is tested here")]

#[path = "common/counting.rs"]
mod counting;

use memzone::{Binder, BlockFader, Caller, Fade, Fader, ZoneError, ZoneFn, hot};
use std::f64::consts::FRAC_PI_2;
use std::panic::{AssertUnwindSafe, catch_unwind};

type Fill = dyn FnMut(&mut [f32]);

/// Fills a block with a level.
fn level(level: f32) -> ZoneFn<Fill> {
    ZoneFn::new(256, |z| z.callback(move |block: &mut [f32]| block.fill(level)))
}

fn faded(fade: Fade, longest: usize) -> (BlockFader<Fill>, Binder<Fill>) {
    let (caller, binder) = hot(level(1.0));
    (BlockFader::new(caller, fade, longest), binder)
}

/// What is heard of so many samples, in blocks of these lengths, over and over.
fn heard(fader: &mut BlockFader<Fill>, samples: usize, lengths: &[usize]) -> Vec<f32> {
    let mut heard = vec![f32::NAN; samples];
    let mut rest = &mut heard[..];
    let mut lengths = lengths.iter().cycle();
    while !rest.is_empty() {
        let length = rest.len().min(*lengths.next().unwrap());
        let (block, later) = rest.split_at_mut(length);
        fader.play(block, |f, block| f(block)).unwrap();
        rest = later;
    }
    heard
}

#[test]
fn a_fade_is_the_same_in_blocks_of_any_length_as_by_samples() {
    for samples in [0, 1, 3, 480] {
        let by_sample = |level: f32| ZoneFn::new(256, |z| z.closure(move |()| level));
        let (caller, binder) = hot(by_sample(1.0));
        let mut fader = Fader::new(caller, samples);
        binder.rebind(by_sample(0.25));
        let expected: Vec<f32> = (0..1000).map(|_| fader.call(())).collect();
        for lengths in [&[1][..], &[64], &[7, 1, 128], &[1000], &[480], &[479, 1, 520], &[0, 5]] {
            let (mut fader, binder) = faded(Fade::linear(samples), 1000);
            binder.rebind(level(0.25));
            let heard = heard(&mut fader, 1000, lengths);
            let error = heard.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            let error = error.fold(0.0, f32::max);
            assert!(error < 1e-6, "{samples} {lengths:?}: {error}");
            assert!(!fader.is_fading());
            assert_eq!((fader.taken_up(), binder.reclaim()), (1, 1));
        }
    }
}

#[test]
fn gains_are_those_of_the_curve_in_every_frame() {
    for (fade, is_linear) in [(Fade::linear(48_000), true), (Fade::equal_power(48_000), false)] {
        let (mut fader, binder) = faded(fade, 4096);
        binder.rebind(level(0.0));
        let heard = heard(&mut fader, if cfg!(miri) { 900 } else { 50_000 }, &[4096, 333]);
        for (frame, heard) in heard.iter().enumerate() {
            let part = (frame as f64 + 1.0) / 48_001.0;
            let old = if is_linear { 1.0 - part } else { (FRAC_PI_2 * part).cos() };
            let expected = if frame < 48_000 { old } else { 0.0 };
            assert!((f64::from(*heard) - expected).abs() < 1e-6, "{fade:?} {frame}: {heard}");
            let (of_old, of_new) = fade.gains(frame as u32);
            assert!((of_old - *heard).abs() < 1e-6);
            let sum = if is_linear { of_old + of_new } else { of_old.powi(2) + of_new.powi(2) };
            assert!((sum - 1.0).abs() < 1e-6);
        }
    }
    // What is alike is 3 dB louder in the middle of a fade of equal power, and as loud in a linear one.
    let alike = |fade| {
        let (mut fader, binder) = faded(fade, 999);
        binder.rebind(level(1.0));
        heard(&mut fader, 999, &[999])[499]
    };
    assert_eq!(alike(Fade::linear(999)), 1.0);
    assert!((alike(Fade::equal_power(999)) - 2.0_f32.sqrt()).abs() < 1e-6);
}

#[test]
fn both_find_in_the_block_what_the_player_put_there() {
    let scale = |by: f32| -> ZoneFn<Fill> {
        ZoneFn::new(256, move |z| {
            z.callback(move |block: &mut [f32]| block.iter_mut().for_each(|s| *s *= by))
        })
    };
    let (caller, binder) = hot(scale(1.0));
    let mut fader = BlockFader::new(caller, Fade::linear(3), 5);
    binder.rebind(scale(3.0));
    let mut block = [1.0, 10.0, 100.0, 1000.0, 10_000.0];
    fader.play(&mut block[..], |f, block| f(block)).unwrap();
    assert_eq!(block, [1.5, 20.0, 250.0, 3000.0, 30_000.0]);
}

#[test]
fn interleaved_frames_have_the_same_gains() {
    let (caller, binder) = hot(level(0.0));
    let mut fader = BlockFader::new(caller, Fade::linear(3), 12).interleaved(3);
    binder.rebind(level(4.0));
    let mut block = [9.0; 12];
    // A fade that goes on in the next block.
    fader.play(&mut block[..6], |f, block| f(block)).unwrap();
    assert!(fader.is_fading());
    fader.play(&mut block[6..], |f, block| f(block)).unwrap();
    assert_eq!(block, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0]);
}

#[test]
fn planar_blocks_of_a_hosts() {
    type Planes = dyn FnMut(&mut [&mut [f64]]);
    let add = |by: f64| -> ZoneFn<Planes> {
        ZoneFn::new(256, move |z| {
            z.callback(move |planes: &mut [&mut [f64]]| {
                for (number, plane) in planes.iter_mut().enumerate() {
                    plane.iter_mut().for_each(|sample| *sample += by * (number + 1) as f64);
                }
            })
        })
    };
    let (caller, binder) = hot(add(0.0));
    let mut fader: BlockFader<Planes, f64> = BlockFader::new(caller, Fade::linear(3), 8);
    binder.rebind(add(4.0));
    let (mut left, mut right) = ([10.0; 4], [20.0; 4]);
    let before = (counting::calls(), counting::frees());
    fader.play(&mut [&mut left[..], &mut right[..]][..], |f, planes| f(planes)).unwrap();
    assert_eq!((counting::calls(), counting::frees()), before);
    assert_eq!((left, right), ([11.0, 12.0, 13.0, 14.0], [22.0, 24.0, 26.0, 28.0]));
    assert!(!fader.is_fading());
    // No planes, and planes of no length.
    binder.rebind(add(0.0));
    fader.play(&mut [][..], |f, planes| f(planes)).unwrap();
    fader.play(&mut [&mut [][..]][..], |f, planes| f(planes)).unwrap();
    assert!(fader.is_fading());
}

#[test]
fn from_input_to_output_with_a_state() {
    type Filter = dyn FnMut(&mut [f32; 1], &[f32], &mut [f32]);
    // A running sum, so that playing a sample twice would be heard.
    let sum = |gain: f32| -> ZoneFn<Filter> {
        ZoneFn::new(256, move |z| {
            z.callback(move |state: &mut [f32; 1], input: &[f32], output: &mut [f32]| {
                for (output, input) in output.iter_mut().zip(input) {
                    state[0] += input;
                    *output = gain * state[0];
                }
            })
        })
    };
    let (caller, binder) = hot(sum(1.0));
    let mut state = [0.0];
    let mut fader = BlockFader::with_state(caller, Fade::linear(9), 4, [f32::NAN]);
    let (input, mut output) = ([1.0; 4], [0.0; 4]);
    let mut count = 0.0;
    for block in 0..6 {
        if block == 1 {
            binder.rebind(sum(1.0));
        }
        fader
            .play_with(&mut state, &mut output[..], |f, state, output| f(state, &input, output))
            .unwrap();
        for sample in output {
            count += 1.0;
            // Two of a kind mixed are that kind.
            assert_eq!(sample, count);
        }
        assert_eq!(fader.is_fading(), block == 1 || block == 2);
    }
    assert_eq!(state, [24.0]);
}

#[test]
fn a_block_too_long_is_an_error_and_changes_nothing() {
    let (mut fader, binder) = faded(Fade::linear(7), 4);
    // Without a fade any length will do.
    assert_eq!(heard(&mut fader, 9, &[9]), [1.0; 9]);
    binder.rebind(level(0.0));
    let mut block = [7.0; 5];
    let mut calls = 0;
    let refused = fader.play(&mut block[..], |_, _| calls += 1);
    assert_eq!(refused, Err(ZoneError::BlockTooLong { samples: 5, longest: 4 }));
    assert_eq!((block, calls, fader.is_fading()), ([7.0; 5], 0, false));
    assert!(binder.is_pending());
    // In parts it plays, and the same within a fade.
    assert_eq!(heard(&mut fader, 1, &[1]), [0.875]);
    assert!(fader.play(&mut block[..], |_, _| ()).is_err());
    assert_eq!(heard(&mut fader, 6, &[4])[4..], [0.25, 0.125]);
    // The definition can be played without the fader.
    fader.definition()(&mut block);
    assert_eq!(block, [0.0; 5]);
}

#[test]
fn redefinitions_wait_and_ends_lose_nothing() {
    let (mut fader, binder) = faded(Fade::linear(7), 8);
    binder.rebind(level(0.0));
    let first = heard(&mut fader, 4, &[4]);
    binder.rebind(level(0.5));
    binder.rebind(level(1.0));
    // The fade ends within this block, and the next one begins with a block.
    let second = heard(&mut fader, 8, &[8]);
    assert_eq!([first[3], second[2], second[3], second[7]], [0.5, 0.125, 0.0, 0.0]);
    assert!(binder.is_pending() && !fader.is_fading());
    assert_eq!(heard(&mut fader, 8, &[8])[3..], [0.5, 0.625, 0.75, 0.875, 1.0]);
    assert_eq!(fader.taken_up(), 2);
    // A fade is cut short.
    binder.rebind(level(0.0));
    heard(&mut fader, 1, &[1]);
    let mut caller: Caller<Fill> = fader.into_caller();
    let mut block = [9.0; 2];
    caller(&mut block);
    assert_eq!(block, [0.0; 2]);
    drop(binder);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_in_either_definition_leaves_the_fade_as_it_was() {
    let (mut fader, binder) = faded(Fade::linear(3), 4);
    binder.rebind(level(0.0));
    for which in 0..2 {
        let mut call = 0;
        let caught = catch_unwind(AssertUnwindSafe(|| {
            fader.play(&mut [0.0; 4][..], |f, block| {
                f(block);
                assert!(call != which, "in a definition");
                call += 1;
            })
        }));
        assert!(caught.is_err() && fader.is_fading());
    }
    assert_eq!(heard(&mut fader, 4, &[4]), [0.75, 0.5, 0.25, 0.0]);
}

/// A definition that puts planes where they do not belong is heard, and does no harm.
#[test]
fn planes_that_a_definition_moves() {
    type Planes = dyn FnMut(&mut [&mut [f32]]);
    let rude = || -> ZoneFn<Planes> {
        ZoneFn::new(256, |z| {
            z.callback(|planes: &mut [&mut [f32]]| {
                planes.swap(0, 1);
                planes[0] = &mut [];
            })
        })
    };
    let (caller, binder) = hot(rude());
    let mut fader = BlockFader::new(caller, Fade::linear(9), 8);
    binder.rebind(rude());
    let (mut left, mut right) = ([1.0; 3], [2.0; 5]);
    fader.play(&mut [&mut left[..], &mut right[..]][..], |f, planes| f(planes)).unwrap();
    assert!(fader.is_fading());
}

#[test]
fn playing_asks_the_system_for_nothing_and_no_memory_is_an_error() {
    let (mut fader, binder) = faded(Fade::equal_power(100), 64);
    binder.rebind(level(0.0));
    let mut block = [0.0; 64];
    let before = (counting::calls(), counting::frees());
    for _ in 0..3 {
        fader.play(&mut block[..], |f, block| f(block)).unwrap();
    }
    assert_eq!((counting::calls(), counting::frees()), before);
    let caller = hot(level(1.0)).0;
    let refused = counting::without_memory(|| {
        BlockFader::<_, f32>::try_new(caller, Fade::linear(1), 64).map(drop)
    });
    assert!(matches!(refused, Err(ZoneError::OutOfMemory { .. })));
    let text = format!("{fader:?}");
    assert!(text.contains("longest: 64") && text.contains("EqualPower"), "{text}");
}

#[test]
#[should_panic(expected = "at least one channel")]
fn interleaved_samples_have_at_least_one_channel() {
    let _ = faded(Fade::linear(1), 1).0.interleaved(0);
}
