//! The steady state: a million blocks of audio on a prepared thread ask the system for nothing, give nothing
//! back, and touch no page for the first time, from the first block on.
//!
//! An unoptimised build runs fewer, and says how many: `cargo test --release --test steady -- --nocapture`.

#![cfg(not(miri))]

#[path = "common/counting.rs"]
mod counting;

use memzone::rt::{self, Plan, Policy, Prepared};
use memzone::{
    DeepCopy, HBox, Pool, PoolKey, RtHeap, ZBox, Zone, beginz, halloc_slice_in, letz, salloc,
    salloc_with, try_beginz, zcopy, zformat,
};
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

const BLOCKS: u64 = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };

/// Samples in a block.
const FRAMES: usize = 64;

/// Scopes of `block` in one another.
const DEPTH: usize = 6;

/// Blocks that a scope has room for: some pages.
const HISTORY: usize = 50;

const PLAN_BYTES: usize = 64 << 10;

#[derive(DeepCopy)]
struct Spectrum<'z> {
    block: u64,
    bands: &'z [f32],
    loudest: Option<&'z f32>,
}

struct Voice {
    note: u8,
    level: f32,
    /// What it has played last.
    tail: HBox<[f32], RtHeap>,
}

/// What a synth holds between blocks, all of it made before the first.
struct Synth<'z> {
    heap: &'z RtHeap,
    voices: Pool<'z, Voice>,
    oldest: Option<PoolKey>,
    out: [f32; FRAMES],
}

fn nested(depth: usize, samples: &[f32]) -> f32 {
    if depth == 0 {
        return samples.iter().sum();
    }
    letz!(half = [0.0_f32; samples.len()], history = [[0.0_f32; FRAMES]; HISTORY] => {
        black_box(history);
        for (to, from) in half.iter_mut().zip(samples) {
            *to = from * 0.5;
        }
        nested(depth - 1, half)
    })
}

/// What an audio callback does: a bit of everything.
fn block(synth: &mut Synth<'_>, result: &mut Zone, number: u64) {
    let _section = rt::enter_unwatched(Policy::Deny);
    let (heap, voices) = (synth.heap, &mut synth.voices);

    // A note starts, one stops; lengths differ from block to block.
    let len = 16 + number as usize * 7 % 200;
    let tail = halloc_slice_in(heap, len, 0.5_f32).expect("the heap has room");
    let voice = Voice { note: (number % 128) as u8, level: 1.0, tail };
    let Ok(key) = voices.insert(voice) else { panic!("no slot is free") };
    if let Some(oldest) = synth.oldest.replace(key) {
        voices.remove(oldest);
    }

    // Scratch memory, and a result that goes out of the scope with all that it points to.
    let spectrum: Spectrum<'_> = beginz!(16 << 10, z in &*result => {
        black_box(z.alloc_slice(HISTORY, [0.0_f32; FRAMES]));
        let mixed = z.alloc_slice(FRAMES, 0.0_f32);
        for voice in voices.iter_mut() {
            voice.level *= 0.999;
            let pitch = f32::from(voice.note) / 128.0;
            for (sample, tail) in mixed.iter_mut().zip(&*voice.tail) {
                *sample += tail * voice.level * pitch;
            }
        }
        synth.out.copy_from_slice(mixed);
        let bands = z.alloc_slice_aligned::<f32, 64>(8 + len % 8, 0.0);
        for (n, sample) in mixed.iter().enumerate() {
            let count = bands.len();
            bands[n % count] += sample.abs();
        }
        let bands = &*bands;
        let loudest = bands.iter().max_by(|a, b| a.total_cmp(b));
        Spectrum { block: number, bands, loudest }
    });
    assert!(spectrum.block == number && spectrum.loudest.is_some() && spectrum.bands.len() >= 8);
    black_box(zcopy(&spectrum, result));

    // Values with owners, in the current zone and in the result's.
    let gains: ZBox<[f32; 16]> = beginz!(beginz!(ZBox::new([0.5_f32; 16])));
    let current = memzone::peek_zone().boxed_slice(HISTORY, [gains[0]; FRAMES]);
    let owned = result.boxed_slice(len, gains[0]);
    black_box((&current, &gains, &owned));

    // The other ways to have memory.
    let sum = nested(DEPTH - 1, &synth.out) + salloc![0.5_f32; FRAMES][0];
    let more = salloc_with(len, 0.5_f32, |items| items.iter().sum::<f32>()).expect("is small");
    let text = try_beginz!(z in &*result => zformat!(z, "block {number}: {:.3}", sum + more));
    assert!(text.is_ok_and(|text| text.len() > 10));
    result.enter(|| black_box(memzone::alloc::<f32>(FRAMES)));
    // In reverse order, so that the current zone has their room again.
    drop((current, gains, owned));
    result.reset().expect("nobody holds it");
}

/// What some blocks have cost their thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cost {
    calls: u64,
    frees: u64,
    asked: u64,
    freed: u64,
    requests: u64,
    /// Where the system counts them.
    faults: Option<u64>,
}

/// The cost of the first block and of all, on a thread of its own. That one stays, so that no other gets
/// memory that it has touched.
fn run(blocks: u64, prepare: impl FnOnce() -> Option<Prepared> + Send + 'static) -> (Cost, Cost) {
    let (to, from) = mpsc::channel();
    let body = move || {
        if let Some(prepared) = prepare() {
            println!("{prepared}");
        }
        let heap = RtHeap::new(PLAN_BYTES);
        let zone = Zone::builder().capacity(PLAN_BYTES).prefault().build();
        let mut result = Zone::builder().capacity(PLAN_BYTES).prefault().build();
        let voices = zone.pool(8);
        let mut synth = Synth { heap: &heap, voices, oldest: None, out: [0.0; FRAMES] };

        let calls = || {
            let bytes = (counting::bytes_asked(), counting::bytes_freed());
            (counting::calls(), counting::frees(), bytes)
        };
        let before = calls();
        let section = rt::enter(Policy::Count);
        let cost = || {
            let report = section.report();
            let now = calls();
            Cost {
                calls: now.0 - before.0,
                frees: now.1 - before.1,
                asked: now.2.0 - before.2.0,
                freed: now.2.1 - before.2.1,
                requests: report.asked(),
                faults: report.minor_faults(),
            }
        };
        block(&mut synth, &mut result, 0);
        let first = cost();
        for number in 1..blocks {
            block(&mut synth, &mut result, number);
        }
        to.send((first, cost())).expect("somebody waits");
        loop {
            thread::park();
        }
    };
    thread::spawn(body);
    from.recv().expect("the blocks are played")
}

fn plan() -> Plan {
    Plan::new().scopes(DEPTH, PLAN_BYTES).stack(128 << 10)
}

fn prepared() -> Option<Prepared> {
    Some(rt::prepare_thread(&plan()).expect("there is memory"))
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn blocks_on_a_prepared_thread_cost_the_system_nothing() {
    // The program's own pages are mapped when they are first run, once for all threads: memzone cannot do
    // that. So another thread plays a few blocks, and this one touches only its own memory.
    let (cold, _) = run(1000, prepared);
    println!("the first block of all, whose code is not mapped yet: {cold:?}");

    let nothing = Cost { faults: Some(0), ..Cost::default() };
    // A page may be taken away and faulted again where memory is short; that is not always so.
    for attempt in 1..=3 {
        let (first, all) = run(BLOCKS, prepared);
        println!("the first block: {first:?}");
        println!("{BLOCKS} blocks of {}: {all:?}", build());
        let without_faults = |cost| Cost { faults: Some(0), ..cost };
        assert_eq!(without_faults(first), nothing);
        assert_eq!(without_faults(all), nothing);
        if !cfg!(target_os = "linux") {
            println!("SKIPPED: page faults, this system does not count them by thread");
            return;
        }
        if all == nothing {
            return;
        }
        assert!(attempt < 3, "each time there are page faults: {first:?} {all:?}");
    }
}

fn build() -> &'static str {
    if cfg!(debug_assertions) {
        "an unoptimised build; the million takes --release"
    } else {
        "an optimised build"
    }
}

/// That the test above can fail.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn what_is_not_prepared_is_counted() {
    // The code is mapped now, and what is touched is memory.
    let _ = run(10, prepared);
    let not_touched = || rt::prepare_thread(&plan().prefault(false)).ok();
    let (first, all) = run(1000, not_touched);
    println!("the first block on pages that were not touched: {first:?}");
    assert_eq!((first.calls, all.calls, all.requests), (0, 0, 0));
    if cfg!(target_os = "linux") {
        assert!(first.faults > Some(0), "{first:?}");
    }
    let a_scope_too_many = thread::spawn(|| {
        rt::prepare_thread(&Plan::new().scopes(0, 0)).expect("there is memory");
        let section = rt::enter(Policy::Count);
        let before = counting::calls();
        beginz!(());
        (section.report().asked(), section.report().bytes(), counting::calls() - before)
    });
    let (asked, bytes, calls) = a_scope_too_many.join().expect("it is counted only");
    assert!(asked > 0 && bytes > 0 && calls > 0, "{asked} {bytes} {calls}");
}
