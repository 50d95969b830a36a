//! Closures in zones over blocks that are borrowed for each call.

#![allow(clippy::type_complexity, reason = "signatures are what is tested here")]

#[path = "common/counting.rs"]
mod counting;

use memzone::{Binder, Caller, Closure, Zone, ZoneError, ZoneFn, hot, signature};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// A host's block, borrowed for one call.
struct Block<'a> {
    channels: &'a mut [&'a mut [f32]],
    gain: f32,
}

signature!(FnMut(Block<'_>) -> usize);
signature!(FnMut(&mut State, Block<'_>, u32));
signature!(FnMut(&[f32]) -> &f32);
signature!(FnMut(&mut dyn FnMut(f32), usize));

struct State {
    phase: f32,
}

fn make<D: ?Sized>(build: impl for<'z> FnOnce(&'z Zone) -> Closure<'z, D>) -> ZoneFn<D> {
    ZoneFn::new(4096, build)
}

#[test]
fn one_argument_in_place_out_of_place_and_planar() {
    let mut fill: ZoneFn<dyn FnMut(&mut [f32])> = make(|z| {
        let table = z.alloc_slice_with(4, |n| n as f32);
        z.callback(move |block: &mut [f32]| block.copy_from_slice(&table[..block.len()]))
    });
    let mut outer = [9.0; 4];
    fill(&mut outer);
    {
        let mut inner = vec![9.0; 2];
        fill(&mut inner);
        assert_eq!(inner, [0.0, 1.0]);
    }
    fill(&mut outer[1..3]);
    assert_eq!(outer, [0.0, 0.0, 1.0, 3.0]);

    let mut sum: ZoneFn<dyn FnMut(&[f32]) -> f32> =
        make(|z| z.callback(|block: &[f32]| block.iter().sum()));
    assert_eq!(sum(&outer), 4.0);

    let mut copy: ZoneFn<dyn FnMut(&[f32], &mut [f32])> =
        make(|z| z.callback(|input: &[f32], output: &mut [f32]| output.copy_from_slice(input)));
    let mut output = [0.0; 4];
    copy(&outer, &mut output);
    assert_eq!(output, outer);

    // A host's own slices of slices.
    let mut planar: ZoneFn<dyn FnMut(&mut [&mut [f32]])> = make(|z| {
        z.callback(|channels: &mut [&mut [f32]]| {
            for (number, channel) in channels.iter_mut().enumerate() {
                channel.fill(number as f32);
            }
            // Each channel may be put into another's place, and cut: all of this is the caller's.
            channels.swap(0, 1);
        })
    });
    let (mut left, mut right) = (vec![9.0; 3], [9.0; 3]);
    let mut channels = [&mut left[..], &mut right[..]];
    planar(&mut channels);
    planar(&mut channels[..]);
    assert_eq!((left, right), (vec![1.0; 3], [0.0; 3]));

    let mut mixed: ZoneFn<dyn FnMut(&[&[f32]], &mut [&mut [f32]])> = make(|z| {
        z.callback(|inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
            outputs.iter_mut().zip(inputs).for_each(|(out, input)| out.copy_from_slice(input));
        })
    });
    mixed(&[&outer, &output[..]], &mut [&mut [0.0; 4], &mut output.clone()]);
}

#[test]
fn a_state_beside_the_block_sized_or_not() {
    let mut step: ZoneFn<dyn FnMut(&mut State, &mut [f32])> = make(|z| {
        z.callback(|state: &mut State, block: &mut [f32]| {
            for sample in block {
                *sample = state.phase;
                state.phase += 1.0;
            }
        })
    });
    let (mut state, mut block) = (State { phase: 0.5 }, [0.0; 2]);
    step(&mut state, &mut block);
    step(&mut state, &mut block[1..]);
    assert_eq!((state.phase, block), (3.5, [0.5, 2.5]));

    let mut line: ZoneFn<dyn FnMut(&mut [f32], &[f32], &mut [f32])> = make(|z| {
        z.callback(|line: &mut [f32], input: &[f32], output: &mut [f32]| {
            output.copy_from_slice(line);
            line.copy_from_slice(input);
        })
    });
    let mut memory = [0.0; 2];
    line(&mut memory, &[1.0, 2.0], &mut block);
    line(&mut memory, &[3.0, 4.0], &mut block);
    assert_eq!((memory, block), ([3.0, 4.0], [1.0, 2.0]));

    let mut planes: ZoneFn<dyn FnMut(&mut [u8], &[&[f32]], &mut [&mut [f32]]) -> usize> =
        make(|z| {
            z.callback(|state: &mut [u8], inputs: &[&[f32]], outputs: &mut [&mut [f32]]| {
                state[0] += 1;
                outputs[0].copy_from_slice(inputs[1]);
                state.len()
            })
        });
    let mut calls = [0; 3];
    assert_eq!(planes(&mut calls, &[&[0.0], &[7.0]], &mut [&mut block[..1]]), 3);
    assert_eq!((calls[0], block[0]), (1, 7.0));
}

#[test]
fn every_signature_of_the_list() {
    let (a, mut b, mut c) = ([1.0_f32], [2.0_f32], String::from("c"));
    let (a, b, c) = (&a[..], &mut b[..], &mut c[..]);
    let mut none: ZoneFn<dyn FnMut() -> u8> = make(|z| z.callback(|| 1));
    let mut one: ZoneFn<dyn FnMut(u8) -> u8> = make(|z| z.callback(|a| a));
    let mut two: ZoneFn<dyn FnMut(u8, u16) -> u16> = make(|z| z.callback(|a, b| u16::from(a) + b));
    let mut three: ZoneFn<dyn FnMut(u8, u8, u8)> = make(|z| z.callback(|_, _, _| ()));
    three(1, 2, 3);
    assert_eq!((none(), one(2), two(1, 2)), (1, 2, 3));
    let mut m_m: ZoneFn<dyn FnMut(&mut [f32], &mut str)> = make(|z| {
        z.callback(|b: &mut [f32], c: &mut str| {
            b[0] += 1.0;
            c.make_ascii_uppercase();
        })
    });
    m_m(b, c);
    let mut m_r: ZoneFn<dyn FnMut(&mut [f32], &[f32])> =
        make(|z| z.callback(|b: &mut [f32], a: &[f32]| b[0] += a[0]));
    m_r(b, a);
    let mut m_v: ZoneFn<dyn FnMut(&mut [f32], f32)> =
        make(|z| z.callback(|b: &mut [f32], by| b[0] += by));
    m_v(b, 1.0);
    let mut r_v: ZoneFn<dyn FnMut(&[f32], usize) -> f32> =
        make(|z| z.callback(|a: &[f32], at: usize| a[at]));
    assert_eq!((r_v(b, 0), &*c), (5.0, "C"));
    let mut r_m_v: ZoneFn<dyn FnMut(&[f32], &mut [f32], f32)> =
        make(|z| z.callback(|a: &[f32], b: &mut [f32], by| b[0] = a[0] * by));
    r_m_v(a, b, 3.0);
    let mut m_m_v: ZoneFn<dyn FnMut(&mut [f32], &mut str, usize) -> usize> =
        make(|z| z.callback(|b: &mut [f32], c: &mut str, n| b.len() + c.len() + n));
    assert_eq!((m_m_v(b, c, 1), b[0]), (3, 3.0));
    let mut m_m_m: ZoneFn<dyn FnMut(&mut State, &mut [f32], &mut str)> =
        make(|z| z.callback(|s: &mut State, b: &mut [f32], _: &mut str| b[0] = s.phase));
    m_m_m(&mut State { phase: 0.25 }, b, c);
    let mut r_r_m: ZoneFn<dyn FnMut(&[f32], &[f32], &mut [f32])> =
        make(|z| z.callback(|x: &[f32], y: &[f32], to: &mut [f32]| to[0] += x[0] + y[0]));
    r_r_m(a, a, b);
    assert_eq!(b[0], 2.25);
    let mut planar: ZoneFn<dyn FnMut(&mut State, &mut [&mut [f32]])> =
        make(|z| z.callback(|s: &mut State, planes: &mut [&mut [f32]]| planes[0].fill(-s.phase)));
    planar(&mut State { phase: 1.0 }, &mut [&mut *b]);
    assert_eq!(b[0], -1.0);
}

#[test]
fn signatures_of_ones_own() {
    let mut block: ZoneFn<dyn FnMut(Block<'_>) -> usize> = make(|z| {
        let calls = z.alloc(0);
        z.callback(move |block: Block<'_>| {
            block.channels.iter_mut().for_each(|channel| channel.fill(block.gain));
            *calls += 1;
            *calls
        })
    });
    let mut left = [0.0; 2];
    for gain in [0.5, 0.25] {
        let mut right = vec![0.0; 2];
        block(Block { channels: &mut [&mut left, &mut right], gain });
        assert_eq!((left, right), ([gain; 2], vec![gain; 2]));
    }
    assert_eq!(block(Block { channels: &mut [], gain: 0.0 }), 3);

    let mut with_state: ZoneFn<dyn FnMut(&mut State, Block<'_>, u32)> = make(|z| {
        z.callback(|state: &mut State, block: Block<'_>, n: u32| {
            state.phase += block.gain * n as f32;
        })
    });
    let mut state = State { phase: 0.0 };
    with_state(&mut state, Block { channels: &mut [&mut left], gain: 2.0 }, 3);
    assert_eq!(state.phase, 6.0);

    // A result that is borrowed from the argument, as of a function, and an argument that is an object itself.
    fn loudest(block: &[f32]) -> &f32 {
        block.iter().max_by(|a, b| a.total_cmp(b)).unwrap()
    }
    let mut first: ZoneFn<dyn FnMut(&[f32]) -> &f32> = make(|z| z.callback(loudest));
    assert_eq!(*first(&left), 0.25);
    let mut each: ZoneFn<dyn FnMut(&mut dyn FnMut(f32), usize)> = make(|z| {
        z.callback(|to: &mut dyn FnMut(f32), times: usize| (0..times).for_each(|n| to(n as f32)))
    });
    let mut sum = 0.0;
    each(&mut |n| sum += n, 4);
    assert_eq!(sum, 6.0);
}

/// A unit of a graph, with its inputs in the blocks before it.
struct Unit {
    play: Caller<dyn FnMut(&[&[f32]], &mut [f32])>,
    from: Vec<usize>,
}

/// Units that are redefined while another thread plays them, over buffers that are borrowed for each call.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_graph_is_redefined_while_it_plays() {
    type Play = ZoneFn<dyn FnMut(&[&[f32]], &mut [f32])>;
    let level = |level: f32| -> Play {
        make(move |z| z.callback(move |_: &[&[f32]], to: &mut [f32]| to.fill(level)))
    };
    let sum = |gain: f32| -> Play {
        make(move |z| {
            let gain = z.alloc(gain);
            z.callback(move |from: &[&[f32]], to: &mut [f32]| {
                to.fill(0.0);
                for from in from {
                    to.iter_mut().zip(*from).for_each(|(to, from)| *to += from * *gain);
                }
            })
        })
    };
    type Bind = Binder<dyn FnMut(&[&[f32]], &mut [f32])>;
    let (callers, binders): (Vec<_>, Vec<Bind>) =
        [level(1.0), level(2.0), sum(1.0)].into_iter().map(hot).unzip();
    let inputs = [vec![], vec![], vec![0, 1]];
    let mut units: Vec<Unit> =
        callers.into_iter().zip(inputs).map(|(play, from)| Unit { play, from }).collect();
    let done = AtomicBool::new(false);
    let played = thread::scope(|threads| {
        let player = threads.spawn(|| {
            let mut buffers = vec![[0.0_f32; 8]; units.len()];
            let before = (counting::calls(), counting::frees());
            let mut heard = 0.0;
            let mut over = false;
            while !over {
                over = done.load(Ordering::Acquire);
                for (number, unit) in units.iter_mut().enumerate() {
                    let (earlier, rest) = buffers.split_at_mut(number);
                    let mut from: [&[f32]; 2] = [&[]; 2];
                    unit.from.iter().zip(&mut from).for_each(|(at, from)| *from = &earlier[*at]);
                    (unit.play)(&from[..unit.from.len()], &mut rest[0]);
                }
                heard = buffers[2][7];
                if cfg!(miri) {
                    thread::yield_now();
                }
            }
            assert_eq!((counting::calls(), counting::frees()), before);
            heard
        });
        for round in 0..if cfg!(miri) { 5 } else { 1000 } {
            binders[0].rebind(level(round as f32));
            binders[2].rebind(sum(0.5));
        }
        binders[0].rebind(level(3.0));
        done.store(true, Ordering::Release);
        player.join().unwrap()
    });
    assert_eq!(played, 2.5);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn captures_live_and_end_as_those_of_plain_closures() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let build = |z: &Zone, fails: bool| -> Result<(), ZoneError> {
        let value = Counted(Arc::clone(&drops));
        let f: Closure<'_, dyn FnMut(&mut [f32])> =
            z.try_callback(move |block: &mut [f32]| {
                block.fill(Arc::strong_count(&value.0) as f32)
            })?;
        drop(f);
        assert!(!fails);
        Ok(())
    };
    let zone = Zone::new(1024);
    build(&zone, false).unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    // There is no room for it.
    let full = Zone::builder().capacity(2).fixed().build();
    assert!(matches!(build(&full, true), Err(ZoneError::LimitReached { .. })));
    assert_eq!(drops.load(Ordering::SeqCst), 2);
    // A panic in a call, and then the end on another thread.
    #[repr(align(256))]
    struct Wide(f32);
    let (value, wide) = (Counted(Arc::clone(&drops)), Wide(0.5));
    let mut f: ZoneFn<dyn FnMut(&mut [f32])> = make(move |z| {
        z.callback(move |block: &mut [f32]| {
            assert_eq!((&raw const wide).addr() % 256, 0);
            block[0] = wide.0 + (Arc::strong_count(&value.0) > 1) as u8 as f32;
        })
    });
    assert!(catch_unwind(AssertUnwindSafe(|| f(&mut []))).is_err());
    let mut block = [0.0];
    thread::scope(|threads| {
        let block = &mut block;
        threads.spawn(move || f(block));
    });
    assert_eq!((block[0], drops.load(Ordering::SeqCst)), (1.5, 3));
}

/// What a `ZoneFn` lends when it is called can be lent on.
#[test]
fn an_object_may_be_lent_to_what_takes_any_closure() {
    fn twice(mut f: impl FnMut(&mut [f32]), block: &mut [f32]) {
        f(block);
        f(block);
    }
    let double = || -> ZoneFn<dyn FnMut(&mut [f32])> {
        make(|z| z.callback(|block: &mut [f32]| block.iter_mut().for_each(|s| *s *= 2.0)))
    };
    let (mut f, mut block) = (double(), [1.0]);
    twice(&mut *f, &mut block);
    twice(|block| f(block), &mut block);
    let mut all = [double(), double()];
    all.iter_mut().for_each(|f| f(&mut block));
    let (mut caller, _binder) = hot(f);
    twice(&mut *caller, &mut block);
    let mut boxed: Box<dyn FnMut(&mut [f32])> = Box::new(move |block| caller(block));
    boxed(&mut block);
    assert_eq!(block, [512.0]);
}
