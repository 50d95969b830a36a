//! `salloc_with` beside an array whose length is known when compiling, in one run: `cargo bench --bench salloc`.
//!
//! "array" is one in a function of its own, whose frame is made and left for it, as `salloc_with`'s
//! is. One of zeros is filled by `memset`. "array, inlined" lies in the loop's frame, made once.

use criterion::{Criterion, criterion_group, criterion_main};
use memzone::{salloc, salloc_with};
use std::hint::black_box;

#[inline(never)]
fn array<const LEN: usize>(value: f32) -> f32 {
    let slice = salloc![value; LEN];
    black_box(&mut *slice)[LEN - 1]
}

#[inline(never)]
fn zeros<const LEN: usize>() -> f32 {
    let slice = salloc!(f32; LEN);
    black_box(&mut *slice)[LEN - 1]
}

fn group<const LEN: usize>(c: &mut Criterion) {
    let mut group = c.benchmark_group(format!("slice of {LEN} f32 on the stack, filled"));
    group.bench_function("array", |b| {
        b.iter(|| array::<LEN>(black_box(0.5)));
    });
    group.bench_function("array of zeros", |b| b.iter(zeros::<LEN>));
    group.bench_function("array, inlined", |b| {
        b.iter(|| {
            let slice = salloc![black_box(0.5_f32); LEN];
            black_box(&mut *slice)[LEN - 1]
        });
    });
    group.bench_function("salloc_with", |b| {
        b.iter(|| {
            salloc_with(black_box(LEN), black_box(0.5_f32), |slice| black_box(&mut *slice)[LEN - 1])
                .unwrap()
        });
    });
    group.bench_function("Vec", |b| {
        b.iter(|| {
            let mut slice = vec![black_box(0.5_f32); black_box(LEN)];
            black_box(&mut *slice)[LEN - 1]
        });
    });
    group.finish();
}

criterion_group!(benches, group::<64>, group::<1024>, group::<16384>);
criterion_main!(benches);
