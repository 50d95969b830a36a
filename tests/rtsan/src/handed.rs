//! What is handed over between threads, `reclaim`, `ZoneFn`, `hot` and `Parcel`: what is real-time in them.

use crate::clean::prepare;
use crate::realtime;
use memzone::reclaim::Reclaimer;
use memzone::rt::{self, Policy};
use memzone::{Caller, Fader, Parcel, RtHeap, Zone, ZoneFn, beginz, halloc, halloc_in, hot};
use std::sync::Arc;
use std::thread;

/// A definition with state, that drops something when it ends.
fn definition(gain: f32) -> ZoneFn<dyn FnMut(f32) -> f32> {
    let owned = Arc::new(vec![gain; 10]);
    ZoneFn::new(64 << 10, |z| {
        let line = z.alloc_slice(480, 0.0_f32);
        let mut at = 0;
        z.closure(move |input: f32| {
            let output = beginz!(z => z.alloc_slice(64, input).iter().sum::<f32>() * owned[3]);
            at = (at + 1) % line.len();
            core::mem::replace(&mut line[at], output)
        })
    })
}

/// Calls from a thread where nothing but real-time happens, while this one redefines.
fn play(mut caller: Caller<dyn FnMut(f32) -> f32>, binder: memzone::Binder<dyn FnMut(f32) -> f32>) {
    let player = thread::spawn(move || {
        prepare();
        realtime(|| {
            let section = rt::enter_unwatched(Policy::Deny);
            for n in 0..200_000 {
                caller(n as f32);
            }
            assert_eq!(section.report().asked(), 0);
            drop(section);
            drop(caller);
        });
    });
    while !player.is_finished() {
        binder.rebind(definition(0.5));
        binder.reclaim();
        thread::yield_now();
    }
    player.join().unwrap();
}

crate::cases! { CASES:
    fn reclaim_takes_anything() {
        prepare();
        let reclaimer = Reclaimer::new();
        let mut retirer = reclaimer.retirer(16);
        let heap = RtHeap::new(4096);
        let zone = Zone::new(4096).into_sendable().unwrap();
        let values = (
            Box::new([1; 100]),
            vec![1; 100],
            Arc::new(1),
            halloc(1),
            halloc_in(&heap, 1).unwrap(),
            zone,
            definition(1.0),
        );
        realtime(|| {
            let (a, b, c, d, e, f, g) = values;
            let refused = [
                retirer.retire(a).is_err(),
                retirer.retire(b).is_err(),
                retirer.retire(c).is_err(),
                retirer.retire(d).is_err(),
                retirer.retire(e).is_err(),
                retirer.retire(f).is_err(),
                retirer.retire(g).is_err(),
            ];
            assert_eq!(refused, [false; 7]);
        });
        assert_eq!(reclaimer.collect(), 7);
    }
    fn reclaim_full_and_with_a_collector() {
        let reclaimer = Reclaimer::new();
        let mut retirer = reclaimer.retirer(8);
        let background = reclaimer.spawn();
        let mut values: Vec<Box<usize>> = (0..400).map(Box::new).collect();
        realtime(|| {
            while let Some(value) = values.pop() {
                // A full queue gives it back.
                if let Err(full) = retirer.retire(value) {
                    values.push(full.0);
                    core::hint::spin_loop();
                }
            }
        });
        realtime(|| drop(retirer));
        drop(background);
    }
    fn zone_fn_calls() {
        prepare();
        let mut definition = definition(0.5);
        let sum = realtime(|| (0..1000).map(|n| definition(n as f32)).sum::<f32>());
        assert!(sum > 0.0);
    }
    fn hot_calls_while_it_is_redefined() {
        let (caller, binder) = hot(definition(1.0));
        play(caller, binder);
    }
    fn hot_fades() {
        let (caller, binder) = hot(definition(1.0));
        let mut fader = Fader::new(caller, 64);
        prepare();
        for _ in 0..20 {
            binder.rebind(definition(0.5));
            realtime(|| (0..100).map(|n| fader.call(n as f32)).sum::<f32>());
            binder.reclaim();
        }
    }
    fn parcels_are_read_and_changed() {
        let mut samples: Parcel<&'static mut [f32]> = Parcel::new(4096, |z| z.alloc_slice(64, 0.5));
        realtime(|| {
            samples.with_mut(|samples| samples.fill(0.25));
            assert_eq!(samples.with(|samples| samples[63]), 0.25);
        });
    }
}
