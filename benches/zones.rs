//! Zones and scopes beside `bumpalo`, `bump-scope` and the system allocator, in one run.
//!
//! Each group is one job, done by each in the way its own documentation recommends. A peer that
//! needs an arena in hand gets one made in advance ("arena in hand"); memzone's scopes find theirs.
//! What is compared are the medians of one run: `cargo bench`.

use bump_scope::Bump as BumpScope;
use bumpalo::Bump;
use criterion::{Criterion, criterion_group, criterion_main};
use memzone::{Zone, beginz};
use std::hint::black_box;

/// A scope that allocates one value and returns a number.
fn scope(c: &mut Criterion) {
    let mut group = c.benchmark_group("scope with one allocation");
    group.bench_function("memzone beginz!", |b| {
        b.iter(|| -> u64 { beginz!(z => { *black_box(z.alloc(black_box(7_u64))) }) });
    });
    group.bench_function("bump-scope scoped, arena in hand", |b| {
        let mut bump: BumpScope = BumpScope::new();
        b.iter(|| bump.scoped(|scope| *black_box(&mut *scope.alloc(black_box(7_u64)))));
    });
    group.bench_function("bumpalo reset, arena in hand", |b| {
        let mut bump = Bump::with_capacity(4096);
        b.iter(|| {
            let value = *black_box(bump.alloc(black_box(7_u64)));
            bump.reset();
            value
        });
    });
    group.bench_function("bumpalo fresh", |b| {
        b.iter(|| {
            let bump = Bump::new();
            *black_box(bump.alloc(black_box(7_u64)))
        });
    });
    group.bench_function("Box", |b| {
        b.iter(|| *black_box(Box::new(black_box(7_u64))));
    });
    group.finish();
}

/// Values in one region: what is measured is 1,000 of them, and rewinding once.
fn one_value(c: &mut Criterion) {
    const COUNT: usize = 1000;
    let mut group = c.benchmark_group("1000 values of 8 bytes, region in hand");
    group.bench_function("memzone", |b| {
        let mut zone = Zone::new(COUNT * 16);
        b.iter(|| {
            for n in 0..COUNT as u64 {
                black_box(zone.alloc(black_box(n)));
            }
            zone.reset().unwrap();
        });
    });
    group.bench_function("bumpalo", |b| {
        let mut bump = Bump::with_capacity(COUNT * 16);
        b.iter(|| {
            for n in 0..COUNT as u64 {
                black_box(bump.alloc(black_box(n)));
            }
            bump.reset();
        });
    });
    group.bench_function("bump-scope", |b| {
        let mut bump: BumpScope = BumpScope::with_size(COUNT * 16);
        b.iter(|| {
            for n in 0..COUNT as u64 {
                black_box(&mut *bump.alloc(black_box(n)));
            }
            bump.reset();
        });
    });
    group.bench_function("Box", |b| {
        let mut boxes = Vec::with_capacity(COUNT);
        b.iter(|| {
            for n in 0..COUNT as u64 {
                boxes.push(Box::new(black_box(n)));
            }
            black_box(&mut boxes).clear();
        });
    });
    group.finish();
}

/// Slices of a length known only when running, filled with a value.
fn slices(c: &mut Criterion) {
    for len in [64_usize, 1024] {
        let mut group = c.benchmark_group(format!("slice of {len} f32, filled, region in hand"));
        group.bench_function("memzone", |b| {
            let mut zone = Zone::new(64 * 1024);
            b.iter(|| {
                black_box(zone.alloc_slice(black_box(len), 0.5_f32));
                zone.reset().unwrap();
            });
        });
        group.bench_function("bumpalo", |b| {
            let mut bump = Bump::with_capacity(64 * 1024);
            b.iter(|| {
                black_box(bump.alloc_slice_fill_copy(black_box(len), 0.5_f32));
                bump.reset();
            });
        });
        group.bench_function("bump-scope", |b| {
            let mut bump: BumpScope = BumpScope::with_size(64 * 1024);
            b.iter(|| {
                black_box(&mut *bump.alloc_slice_fill(black_box(len), 0.5_f32));
                bump.reset();
            });
        });
        group.bench_function("vec!", |b| {
            b.iter(|| black_box(vec![0.5_f32; black_box(len)]));
        });
        group.finish();
    }
}

/// A scope that uses 4096 samples of scratch and returns 1024 into the caller's region.
fn returning(c: &mut Criterion) {
    let mut group = c.benchmark_group("scope that returns 1024 of 5120 samples");
    group.bench_function("memzone beginz! in", |b| {
        let mut outer = Zone::new(64 * 1024);
        b.iter(|| {
            let kept: &mut [f32] = beginz!(32 * 1024, z in &outer => {
                black_box(z.alloc_slice(4096, 0.5_f32));
                z.alloc_slice(1024, 0.25_f32)
            });
            black_box(kept);
            outer.reset().unwrap();
        });
    });
    group.bench_function("bump-scope scoped, copied out by hand", |b| {
        let mut outer: BumpScope = BumpScope::with_size(64 * 1024);
        let mut inner: BumpScope = BumpScope::with_size(64 * 1024);
        b.iter(|| {
            let kept = inner.scoped(|scope| {
                black_box(&mut *scope.alloc_slice_fill(4096, 0.5_f32));
                let result = scope.alloc_slice_fill(1024, 0.25_f32);
                outer.alloc_slice_copy(&result)
            });
            black_box(kept);
            outer.reset();
        });
    });
    group.bench_function("bumpalo reset, copied out by hand", |b| {
        let mut outer = Bump::with_capacity(64 * 1024);
        let mut inner = Bump::with_capacity(64 * 1024);
        b.iter(|| {
            black_box(inner.alloc_slice_fill_copy(4096, 0.5_f32));
            let result = inner.alloc_slice_fill_copy(1024, 0.25_f32);
            black_box(outer.alloc_slice_copy(result));
            inner.reset();
            outer.reset();
        });
    });
    group.bench_function("Vec", |b| {
        b.iter(|| {
            let scratch = black_box(vec![0.5_f32; 4096]);
            let kept = black_box(vec![0.25_f32; 1024]);
            drop(scratch);
            kept
        });
    });
    group.finish();
}

criterion_group!(benches, scope, one_value, slices, returning);
criterion_main!(benches);
