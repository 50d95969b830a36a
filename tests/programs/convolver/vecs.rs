//! With `Vec`s: the same, as one would write it first.

use super::BLOCK;
use num_complex::Complex;
use realfft::RealFftPlanner;

/// From input to output, a block at a time.
pub(crate) type Filter = Box<dyn FnMut(&[f32], &mut [f32]) + Send>;

/// A convolution in uniform partitions, in the frequency domain.
pub(crate) fn convolver(impulse: &[f32]) -> Filter {
    let mut planner = RealFftPlanner::new();
    let forward = planner.plan_fft_forward(2 * BLOCK);
    let inverse = planner.plan_fft_inverse(2 * BLOCK);
    let (bins, parts) = (BLOCK + 1, impulse.len().div_ceil(BLOCK));
    let zero = Complex::new(0.0_f32, 0.0);
    let mut filter = vec![zero; parts * bins];
    let mut history = vec![zero; parts * bins];
    let mut sum = vec![zero; bins];
    let mut scratch = vec![zero; 4 * BLOCK];
    let mut window = vec![0.0; 2 * BLOCK];
    let mut time = vec![0.0; 2 * BLOCK];
    for (part, spectrum) in impulse.chunks(BLOCK).zip(filter.chunks_mut(bins)) {
        time.fill(0.0);
        time[..part.len()].copy_from_slice(part);
        forward.process_with_scratch(&mut time, spectrum, &mut scratch).expect("lengths fit");
    }
    let mut at = 0;
    Box::new(move |input: &[f32], output: &mut [f32]| {
        window.copy_within(BLOCK.., 0);
        window[BLOCK..].copy_from_slice(input);
        time.copy_from_slice(&window);
        let newest = &mut history[at * bins..][..bins];
        forward.process_with_scratch(&mut time, newest, &mut scratch).expect("lengths fit");
        sum.fill(zero);
        for (age, filter) in filter.chunks(bins).enumerate() {
            let past = &history[(at + parts - age) % parts * bins..][..bins];
            sum.iter_mut().zip(past.iter().zip(filter)).for_each(|(s, (x, h))| *s += x * h);
        }
        sum[0].im = 0.0;
        sum[BLOCK].im = 0.0;
        inverse.process_with_scratch(&mut sum, &mut time, &mut scratch).expect("lengths fit");
        output.iter_mut().zip(&time[BLOCK..]).for_each(|(y, t)| *y = t / (2 * BLOCK) as f32);
        at = (at + 1) % parts;
    })
}
