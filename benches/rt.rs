//! What real-time sections and preparing a thread cost; `docs/realtime.md` quotes it.

use criterion::{Criterion, criterion_group, criterion_main};
use memzone::letz;
use memzone::rt::{self, Plan, Policy};
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const POLICIES: [(&str, Policy); 2] = [("count", Policy::Count), ("deny", Policy::Deny)];

/// Entering and leaving a section, with the system call that reads the page faults and without.
fn sections(c: &mut Criterion) {
    let mut group = c.benchmark_group("section");
    for (name, policy) in POLICIES {
        group.bench_function(format!("enter, drop: {name}"), |b| b.iter(|| rt::enter(policy)));
        group.bench_function(format!("enter_unwatched, drop: {name}"), |b| {
            b.iter(|| rt::enter_unwatched(policy));
        });
    }
    group.bench_function("enter, report, drop", |b| {
        b.iter(|| black_box(rt::enter(Policy::Deny).report()));
    });
    group.bench_function("enter_unwatched, report, drop", |b| {
        b.iter(|| black_box(rt::enter_unwatched(Policy::Deny).report()));
    });
    group.finish();
}

/// A scope outside of a section and inside of one: the same instructions.
fn scope(c: &mut Criterion) {
    rt::prepare_thread(&Plan::new()).expect("there is memory");
    let mut group = c.benchmark_group("scope of 64 samples");
    let mut run = |name| {
        group.bench_function(name, |b| {
            b.iter(|| letz!(block = [black_box(0.0_f32); 64] => black_box(&*block)[63]));
        });
    };
    run("outside");
    let section = rt::enter_unwatched(Policy::Deny);
    run("in a section");
    drop(section);
    group.finish();
}

/// Has the system's allocator give freed memory back, so that each thread gets fresh pages, as a program's first
/// one does.
fn keep_no_free_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // Large memory straight from the system, as it is until the first of it is freed; and one
        // arena, as the others' is never trimmed.
        for (option, value) in [(libc::M_MMAP_THRESHOLD, 128 << 10), (libc::M_ARENA_MAX, 1)] {
            // SAFETY: no precondition.
            unsafe { libc::mallopt(option, value) };
        }
        // SAFETY: no precondition.
        unsafe { libc::malloc_trim(0) };
    }
}

/// Preparing a new thread, and one that is prepared already.
fn prepare(c: &mut Criterion) {
    let mut group = c.benchmark_group("prepare_thread");
    group.sample_size(20);
    let small = || Plan::new().scopes(2, 32 << 10).default_zone(0);
    for (name, plan) in [
        ("default: 4 scopes of 64 KiB, 1 MiB", Plan::new()),
        ("the same, locked", Plan::new().lock(true)),
        ("the same, not prefaulted", Plan::new().prefault(false)),
        ("2 scopes of 32 KiB, 0 bytes", small()),
    ] {
        group.bench_function(name, |b| {
            b.iter_custom(|times| {
                let once = |_| {
                    let plan = plan.clone();
                    let prepare = move || {
                        let start = Instant::now();
                        let prepared = rt::prepare_thread(&plan);
                        let time = start.elapsed();
                        prepared.expect("there is memory");
                        time
                    };
                    thread::spawn(prepare).join().expect("it does not panic")
                };
                (0..times).inspect(|_| keep_no_free_memory()).map(once).sum::<Duration>()
            });
        });
    }
    group.bench_function("again", |b| b.iter(|| rt::prepare_thread(&Plan::new())));
    group.finish();
}

criterion_group!(benches, sections, scope, prepare);
criterion_main!(benches);
