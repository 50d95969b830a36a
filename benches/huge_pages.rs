//! Random reads over 256 MiB, as of grains of a sample: of a zone with huge pages and without, a `Vec` and a `bumpalo::Bump`.
//! `cargo bench --bench huge_pages`. Prints nanoseconds a read, the least of several rounds, in which all take turns.
//!
//! CI does not run it (`--test`), as it takes a gigabyte.

use memzone::Zone;
use std::hint::black_box;
use std::time::Instant;

const BYTES: usize = 256 << 20;
const SAMPLES: usize = BYTES / size_of::<f32>();
const READS: usize = 2_000_000;
const ROUNDS: usize = 7;

/// Reads at places that follow from each other, as the next grain begins where the last one said.
fn read(samples: &[f32]) -> f64 {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let start = Instant::now();
    for _ in 0..READS {
        // The place depends on what was read, so that no two reads overlap.
        let value = samples[(state >> 38) as usize % SAMPLES];
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1 + u64::from(value.to_bits()));
    }
    black_box(state);
    start.elapsed().as_nanos() as f64 / READS as f64
}

fn main() {
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let huge = Zone::builder().capacity(BYTES).huge_pages().prefault().build();
    let plain = Zone::builder().capacity(BYTES).prefault().build();
    let bump = bumpalo::Bump::with_capacity(BYTES);
    let vec = vec![0.5_f32; SAMPLES];
    println!("the system gives huge pages: {}", huge.is_huge());
    let candidates: [(&str, &[f32]); 4] = [
        ("memzone, huge pages", huge.alloc_slice(SAMPLES, 0.5_f32)),
        ("memzone", plain.alloc_slice(SAMPLES, 0.5_f32)),
        ("Vec", &vec),
        ("bumpalo", bump.alloc_slice_fill_copy(SAMPLES, 0.5_f32)),
    ];
    let mut least = [f64::INFINITY; 4];
    for _ in 0..ROUNDS {
        for (least, (_, samples)) in least.iter_mut().zip(candidates) {
            *least = least.min(read(black_box(samples)));
        }
    }
    for ((name, _), time) in candidates.iter().zip(least) {
        println!("{name:<24}{time:>8.1} ns a read");
    }
}
