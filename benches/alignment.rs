//! What it matters to loops over samples where their slices begin: `cargo bench --bench alignment`, and the same with
//! `RUSTFLAGS="-C target-cpu=x86-64-v3"` for AVX2. Prints nanoseconds a block, the least of many turns.
//!
//! `zone/places.rs` chose the alignment of slices by this (`SLICE_ALIGN`).

use std::hint::black_box;
use std::time::Instant;

/// Turns of each measurement, and blocks in each.
const TURNS: usize = 300;
const BLOCKS: usize = 200;

/// Two voices into one.
#[inline(never)]
fn mix(out: &mut [f32], a: &[f32], b: &[f32]) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = a * 0.5 + b * 0.25;
    }
}

/// As the compiler can vectorise it: sixteen sums.
#[inline(never)]
fn sum(a: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for part in a.chunks_exact(16) {
        for (sum, value) in sums.iter_mut().zip(part) {
            *sum += value;
        }
    }
    sums.iter().sum()
}

#[inline(never)]
fn copy(out: &mut [f32], a: &[f32]) {
    out.copy_from_slice(a);
}

/// A slice of `len` samples that begins `offset` bytes after a multiple of 128.
fn slice(len: usize, offset: usize) -> &'static mut [f32] {
    let memory = vec![0.25_f32; len + 64].leak();
    let skip = (128 - memory.as_ptr().addr() % 128) / 4 % 32 + offset / 4;
    &mut memory[skip..skip + len]
}

fn least(mut job: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..TURNS {
        let start = Instant::now();
        (0..BLOCKS).for_each(|_| job());
        least = least.min(start.elapsed().as_nanos() as f64 / BLOCKS as f64);
    }
    least
}

fn main() {
    println!("{:>8} {:>8} {:>10} {:>10} {:>10}", "samples", "offset", "mix", "sum", "copy");
    for len in [16, 64, 256, 1024] {
        for offset in [8, 16, 32, 64] {
            let (out, a, b) = (slice(len, offset), slice(len, offset), slice(len, offset));
            let mixed = least(|| mix(black_box(out), black_box(a), black_box(b)));
            let summed = least(|| {
                black_box(sum(black_box(a)));
            });
            let copied = least(|| copy(black_box(out), black_box(a)));
            println!("{len:>8} {offset:>8} {mixed:>10.1} {summed:>10.1} {copied:>10.1}");
        }
    }
}
