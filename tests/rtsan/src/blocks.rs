//! Programs over blocks: a graph of units that is redefined while it plays, and a sampler whose samples are replaced.

use crate::clean::prepare;
use crate::realtime;
use memzone::reclaim::Reclaimer;
use memzone::rt::{self, Policy};
use memzone::{BlockFader, DeepCopy, Fade, Parcel, ZoneFn, hot};
use std::thread;

const BLOCK: usize = 64;

/// A unit: several inputs, one output.
type Play = dyn FnMut(&[&[f32]], &mut [f32]);

fn source(level: f32) -> ZoneFn<Play> {
    ZoneFn::new(1024, |z| z.callback(move |_: &[&[f32]], to: &mut [f32]| to.fill(level)))
}

fn echo(gain: f32) -> ZoneFn<Play> {
    ZoneFn::new(4096, |z| {
        let line = z.alloc_slice(480, 0.0_f32);
        let mut at = 0;
        z.callback(move |from: &[&[f32]], to: &mut [f32]| {
            for (frame, to) in to.iter_mut().enumerate() {
                let input: f32 = from.iter().map(|from| from[frame]).sum();
                *to = input + gain * line[at];
                line[at] = *to;
                at = (at + 1) % line.len();
            }
        })
    })
}

/// The samples of a key, and where it plays.
#[derive(DeepCopy)]
struct Key<'z> {
    samples: &'z mut [f32],
    at: usize,
}

fn key(samples: usize) -> Parcel<Key<'static>> {
    Parcel::new(4 * samples + 1024, |z| Key {
        samples: z.alloc_slice_with(samples, |n| n as f32 / samples as f32),
        at: 0,
    })
}

crate::cases! { CASES:
    fn a_graph_that_is_redefined_while_it_plays() {
        let (callers, binders): (Vec<_>, Vec<_>) =
            [source(1.0), source(0.5), echo(0.5)].into_iter().map(hot).unzip();
        let mut units: Vec<BlockFader<Play>> = callers
            .into_iter()
            .map(|caller| BlockFader::new(caller, Fade::equal_power(100), BLOCK))
            .collect();
        let player = thread::spawn(move || {
            prepare();
            let mut buffers = [[0.0_f32; BLOCK]; 3];
            realtime(|| {
                let section = rt::enter_unwatched(Policy::Deny);
                for _ in 0..2_000 {
                    for (number, unit) in units.iter_mut().enumerate() {
                        let (earlier, rest) = buffers.split_at_mut(number);
                        let inputs = earlier.first().zip(earlier.get(1));
                        let inputs = inputs.map(|(one, two)| [&one[..], &two[..]]);
                        let inputs = inputs.as_ref().map_or(&[][..], |inputs| inputs);
                        unit.play(&mut rest[0][..], |unit, to| unit(inputs, to)).unwrap();
                    }
                }
                assert_eq!(section.report().asked(), 0);
            });
            // The scratches of the fades are freed here.
            drop(units);
        });
        while !player.is_finished() {
            binders[0].rebind(source(0.25));
            binders[2].rebind(echo(0.25));
            binders.iter().for_each(|binder| _ = binder.reclaim());
            thread::yield_now();
        }
        player.join().unwrap();
    }
    fn a_sampler_whose_samples_are_replaced() {
        prepare();
        let reclaimer = Reclaimer::new();
        let mut retirer = reclaimer.retirer(16);
        let mut playing = key(1000);
        let mut block = [0.0_f32; BLOCK];
        for length in [500, 2000, 100] {
            let next = key(length);
            realtime(|| {
                for _ in 0..20 {
                    playing.with_mut(|Key { samples, at }| {
                        for sample in &mut block {
                            *sample = samples[*at];
                            *at = (*at + 1) % samples.len();
                        }
                    });
                }
                assert!(retirer.retire(std::mem::replace(&mut playing, next)).is_ok());
            });
        }
        assert_eq!(reclaimer.collect(), 3);
    }
}
