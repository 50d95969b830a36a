//! What a call costs through a `ZoneFn`, a `Caller` without a pending redefinition, a `Box<dyn FnMut>` and a
//! closure that an `ArcSwap` holds, and what a redefinition costs the caller.
//!
//! ```text
//! cargo bench --bench closures
//! cargo bench --bench closures -- --test           # a few calls, to see that it runs
//! valgrind --tool=callgrind --toggle-collect='closures::through_*' \
//!     target/release/deps/closures-* --calls 1000   # instructions
//! ```
//!
//! Each round times a million calls of each in turn, in an order that changes, so that all see the same
//! machine. All closures multiply by a gain they captured: nothing that one call would have to wait for
//! another one's result for, which would hide what the call itself costs. All are hidden from the compiler, which
//! would else see through the `Box` and call its closure directly. What an `ArcSwap` holds is shared, so its
//! closure is an `Fn`; its columns are a load for each call (`load`) and a cache that looks whether there is a
//! newer one (`Cache`).

use arc_swap::{ArcSwap, cache::Cache};
use memzone::{Binder, Caller, Fader, ZoneFn, hot};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

type Shared = Arc<dyn Fn(f32) -> f32 + Send + Sync>;
type Held = ArcSwap<Shared>;

fn boxed() -> Box<dyn FnMut(f32) -> f32 + Send> {
    let gain = black_box(0.5);
    black_box(Box::new(move |sample| sample * gain))
}

fn zone_fn() -> ZoneFn<dyn FnMut(f32) -> f32> {
    let gain = black_box(0.5);
    black_box(ZoneFn::new(1024, |z| z.closure(move |sample| sample * gain)))
}

fn shared() -> Shared {
    let gain = black_box(0.5);
    black_box(Arc::new(move |sample| sample * gain))
}

// One function each, that its instructions can be counted.

#[inline(never)]
fn through_box(f: &mut Box<dyn FnMut(f32) -> f32 + Send>, calls: u32) {
    for _ in 0..calls {
        black_box(f(black_box(1e-3)));
    }
}

#[inline(never)]
fn through_zone_fn(f: &mut ZoneFn<dyn FnMut(f32) -> f32>, calls: u32) {
    for _ in 0..calls {
        black_box(f(black_box(1e-3)));
    }
}

#[inline(never)]
fn through_caller(f: &mut Caller<dyn FnMut(f32) -> f32>, calls: u32) {
    for _ in 0..calls {
        black_box(f(black_box(1e-3)));
    }
}

#[inline(never)]
fn through_definition(f: &mut Caller<dyn FnMut(f32) -> f32>, calls: u32) {
    f.refresh();
    let f = f.definition();
    for _ in 0..calls {
        black_box(f(black_box(1e-3)));
    }
}

#[inline(never)]
fn through_fader(f: &mut Fader<dyn FnMut(f32) -> f32>, calls: u32) {
    for _ in 0..calls {
        black_box(f.call(black_box(1e-3)));
    }
}

#[inline(never)]
fn through_arc_swap_load(f: &Held, calls: u32) {
    for _ in 0..calls {
        black_box((f.load())(black_box(1e-3)));
    }
}

#[inline(never)]
fn through_arc_swap_cache(f: &mut Cache<&Held, Arc<Shared>>, calls: u32) {
    for _ in 0..calls {
        black_box((f.load())(black_box(1e-3)));
    }
}

/// Nanoseconds a call.
fn timed(calls: u32, body: impl FnOnce(u32)) -> f64 {
    let start = Instant::now();
    body(calls);
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    let mut arguments = std::env::args();
    let quick = arguments.any(|argument| argument == "--test");
    let asked = std::env::args().skip_while(|argument| argument != "--calls").nth(1);
    let asked = asked.and_then(|calls| calls.parse().ok());
    let (calls, rounds) = match asked {
        Some(calls) => (calls, 1),
        None if quick => (1000, 2),
        None => (1_000_000, 101),
    };

    let mut of_box = boxed();
    let mut of_zone = zone_fn();
    let (mut caller, binder) = hot(zone_fn());
    let (mut held, _of_held) = hot(zone_fn());
    let (fading, _of_fading) = hot(zone_fn());
    let mut fader = Fader::new(fading, 64);
    let swap: Held = ArcSwap::from_pointee(shared());
    let mut cache = Cache::new(&swap);

    const NAMES: [&str; 7] = [
        "Box<dyn FnMut>",
        "ZoneFn",
        "Caller",
        "Caller::definition, once a million",
        "Fader::call, not fading",
        "ArcSwap::load",
        "arc_swap::Cache::load",
    ];
    let mut took = [const { Vec::new() }; NAMES.len()];
    for round in 0..rounds {
        for index in 0..NAMES.len() {
            let which = (index + round) % NAMES.len();
            took[which].push(match which {
                0 => timed(calls, |calls| through_box(&mut of_box, calls)),
                1 => timed(calls, |calls| through_zone_fn(&mut of_zone, calls)),
                2 => timed(calls, |calls| through_caller(&mut caller, calls)),
                3 => timed(calls, |calls| through_definition(&mut held, calls)),
                4 => timed(calls, |calls| through_fader(&mut fader, calls)),
                5 => timed(calls, |calls| through_arc_swap_load(&swap, calls)),
                _ => timed(calls, |calls| through_arc_swap_cache(&mut cache, calls)),
            });
        }
    }
    println!("A call, medians of {rounds} times {calls} in turn:\n");
    println!("| through | ns | / Box<dyn FnMut> |");
    println!("|---|---|---|");
    // Ratios of the same round, so that what slows all of it down cancels out.
    let of_box = took[0].clone();
    for (name, took) in NAMES.into_iter().zip(took) {
        let ratios = took.iter().zip(&of_box).map(|(took, of_box)| took / of_box).collect();
        println!("| {name} | {:.2} | {:.2} |", median(took), median(ratios));
    }

    print_take_up(&mut caller, &binder, if quick { 10 } else { 10_000 });
}

/// A call that takes up a redefinition, beside one that finds none.
fn print_take_up(
    caller: &mut Caller<dyn FnMut(f32) -> f32>,
    binder: &Binder<dyn FnMut(f32) -> f32>,
    times: usize,
) {
    let mut take_up = Vec::new();
    let mut plain = Vec::new();
    for _ in 0..times {
        binder.rebind(zone_fn());
        take_up.push(timed(1, |_| {
            black_box(caller.refresh());
        }));
        plain.push(timed(1, |_| {
            black_box(caller.refresh());
        }));
    }
    println!(
        "\nTaking up a redefinition: {:.0} ns, looking for one {:.0} ns, the clock included (medians of {times}).",
        median(take_up),
        median(plain)
    );
}
