//! With zones: all memory is the closure's own, and it goes wherever the closure goes.

use super::BLOCK;
use memzone::{ZoneError, ZoneFn};
use num_complex::Complex;
use realfft::RealFftPlanner;

/// From input to output, a block at a time.
pub(crate) type Filter = ZoneFn<dyn FnMut(&[f32], &mut [f32])>;

/// A convolution in uniform partitions, in the frequency domain.
pub(crate) fn convolver(impulse: &[f32]) -> Result<Filter, ZoneError> {
    let mut planner = RealFftPlanner::new();
    let forward = planner.plan_fft_forward(2 * BLOCK);
    let inverse = planner.plan_fft_inverse(2 * BLOCK);
    let (bins, parts) = (BLOCK + 1, impulse.len().div_ceil(BLOCK));
    let zero = Complex::new(0.0_f32, 0.0);
    ZoneFn::try_new(0, move |z| {
        let filter = z.try_alloc_slice(parts * bins, zero)?;
        let history = z.try_alloc_slice(parts * bins, zero)?;
        let (sum, scratch) = (z.try_alloc_slice(bins, zero)?, z.try_alloc_slice(4 * BLOCK, zero)?);
        let (window, time) =
            (z.try_alloc_slice(2 * BLOCK, 0.0)?, z.try_alloc_slice(2 * BLOCK, 0.0)?);
        for (part, spectrum) in impulse.chunks(BLOCK).zip(filter.chunks_mut(bins)) {
            time.fill(0.0);
            time[..part.len()].copy_from_slice(part);
            forward.process_with_scratch(time, spectrum, scratch).expect("lengths fit");
        }
        let mut at = 0;
        z.try_callback(move |input: &[f32], output: &mut [f32]| {
            window.copy_within(BLOCK.., 0);
            window[BLOCK..].copy_from_slice(input);
            time.copy_from_slice(window);
            let newest = &mut history[at * bins..][..bins];
            forward.process_with_scratch(time, newest, scratch).expect("lengths fit");
            sum.fill(zero);
            for (age, filter) in filter.chunks(bins).enumerate() {
                let past = &history[(at + parts - age) % parts * bins..][..bins];
                sum.iter_mut().zip(past.iter().zip(filter)).for_each(|(s, (x, h))| *s += x * h);
            }
            sum[0].im = 0.0;
            sum[BLOCK].im = 0.0;
            inverse.process_with_scratch(sum, time, scratch).expect("lengths fit");
            output.iter_mut().zip(&time[BLOCK..]).for_each(|(y, t)| *y = t / (2 * BLOCK) as f32);
            at = (at + 1) % parts;
        })
    })
}
