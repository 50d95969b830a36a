//! A filter that takes noise out of a video and makes it sharper, with all its memory in zones.
//!
//! What stays as it is from frame to frame is averaged over time: each pixel has a mean, and an age, the number
//! of frames that are in it. Where the picture moves, by more than its noise can explain, the average begins
//! anew. What of the details of the mean is more than noise is then made stronger.
//!
//! There are three lifetimes, and a zone for each:
//!
//! | memory | lives as long as | and is in |
//! |---|---|---|
//! | means, ages, how loud the noise is | the stream | the zone given to [`Filter::new`] |
//! | the frame that is shown | a frame, until it is written | the zone given to [`Filter::process`] |
//! | some rows, a histogram | a plane of a frame | the scopes in [`Plane`] |
//!
//! The frame's zone is the caller's, who resets it when the frame is written. Both zones and [`plan`] have
//! the size that the stream's format asks for, so nothing here asks the system for memory.

use crate::rows::{self, ALIGN, Rows};
use crate::stream::Format;
use crate::tiny::flushed;
use memzone::rt::Plan;
use memzone::{Zone, ZoneError, try_beginz, try_letz};

/// The most frames that are averaged.
const OLDEST: f32 = 16.0;
/// Where nine changes differ by less than this many deviations of the noise each, it is noise ..
const STILL: f32 = 1.5;
/// .. and where by more than this, it has moved.
const MOVED: f32 = 2.5;
/// The least noise, in steps of a sample: none at all would be divided by.
const LEAST_NOISE: f32 = 1e-3;
/// The part of a new frame in what is known of the noise.
const LEARNING: f32 = 0.2;

/// How much stronger details become.
const STRENGTH: f32 = 0.4;
/// Details of less than this many deviations of the noise that is left are taken to be noise.
const CORING: f32 = 2.0;

/// Bins of a histogram: all values of [`roughness`] for samples of 8 bits.
const BINS: usize = 2048;
/// The median of them for noise with a deviation of 1.
const MEDIAN: f32 = 6.0 * 0.6745;
/// Of so many rows, one is looked at for its noise.
const SAMPLED: usize = 4;

/// Bytes that the state of a filter takes up.
pub(crate) fn state_bytes(format: &Format) -> usize {
    format.planes().map(|(width, height)| 2 * rows::bytes::<f32>(width, height)).sum()
}

/// Bytes that a frame takes up until it is written.
pub(crate) fn frame_bytes(format: &Format) -> usize {
    let bytes = format.bytes_per_sample();
    let samples = format.planes().map(|(width, height)| rows::bytes::<u8>(width * bytes, height));
    // The planes themselves, and because allocations are aligned.
    samples.sum::<usize>() + 3 * size_of::<Rows<'_, u8>>() + ALIGN
}

/// Bytes of the scratch memory for a plane: two rings of rows, the sums of their columns, and a row that is
/// made sharper with the sums for it.
fn scratch_bytes(width: usize, reach: usize) -> usize {
    2 * rows::bytes::<f32>(width, 2 * reach + 1) + 3 * rows::bytes::<f32>(width + 2, 1)
}

/// What the thread must be prepared for: a plane's scope.
pub(crate) fn plan(format: &Format) -> Plan {
    let histogram = BINS * size_of::<u32>();
    let largest = scratch_bytes(format.width, reach(format)).max(histogram);
    Plan::new().scopes(1, largest).default_zone(0)
}

/// From a row to the next one of its time.
fn reach(format: &Format) -> usize {
    if format.is_interlaced { 2 } else { 1 }
}

/// A filter for the frames of one stream. Its state is borrowed from a zone that outlives it.
pub(crate) struct Filter<'z> {
    zone: &'z Zone,
    planes: Vec<Plane<'z>>,
    memory: Memory,
}

/// Scopes entered, and the most bytes that were in use in each kind of zone.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memory {
    pub(crate) scopes: usize,
    pub(crate) state: usize,
    pub(crate) frame: usize,
    pub(crate) scratch: usize,
}

impl Memory {
    /// Called at the end of each scope.
    fn count_scope(&mut self, zone: &Zone) {
        self.scopes += 1;
        self.scratch = self.scratch.max(zone.high_water());
    }
}

impl<'z> Filter<'z> {
    pub(crate) fn new(zone: &'z Zone, format: &Format) -> Result<Filter<'z>, ZoneError> {
        let strengths = [STRENGTH, 0.0, 0.0];
        let planes = format.planes().zip(strengths).map(|((width, height), strength)| {
            Ok(Plane {
                mean: Rows::new(zone, width, height, 0.0)?,
                age: Rows::new(zone, width, height, 0.0)?,
                width,
                reach: reach(format),
                depth: format.depth,
                strength,
                noise: None,
            })
        });
        Ok(Filter {
            zone,
            planes: planes.collect::<Result<_, ZoneError>>()?,
            memory: Memory::default(),
        })
    }

    /// Takes in the next frame, and computes in `frame` what is to be shown for it.
    pub(crate) fn process<'f>(
        &mut self,
        packed: [&[u8]; 3],
        frame: &'f Zone,
    ) -> Result<&'f [Rows<'f, u8>], ZoneError> {
        let shown = frame.try_alloc_slice_with(self.planes.len(), |_| Rows::default())?;
        for ((shown, plane), packed) in shown.iter_mut().zip(&mut self.planes).zip(packed) {
            *shown = plane.process(packed, frame, &mut self.memory)?;
        }
        self.memory.frame = self.memory.frame.max(frame.used());
        Ok(shown)
    }

    /// The deviation of the brightness's noise, in steps of 8 bits.
    pub(crate) fn noise(&self) -> f32 {
        let luma = &self.planes[0];
        luma.noise.unwrap_or_default() / (1 << (luma.depth - 8)) as f32
    }

    /// What the filter's zones were used for so far.
    pub(crate) fn memory(&self) -> Memory {
        Memory { state: self.zone.used(), ..self.memory }
    }
}

/// One plane: brightness, or one of two colours.
struct Plane<'z> {
    /// The means of the latest samples.
    mean: Rows<'z, f32>,
    /// How many samples are in each mean.
    age: Rows<'z, f32>,
    width: usize,
    /// From a row to its neighbours.
    reach: usize,
    depth: u32,
    strength: f32,
    /// The deviation of the noise, if there has been a frame.
    noise: Option<f32>,
}

impl Plane<'_> {
    fn process<'f>(
        &mut self,
        packed: &[u8],
        frame: &'f Zone,
        memory: &mut Memory,
    ) -> Result<Rows<'f, u8>, ZoneError> {
        let bytes = if self.depth > 8 { 2 } else { 1 };
        let mut shown = Rows::new(frame, self.width * bytes, self.mean.height(), 0)?;
        self.learn(packed, memory)?;
        // The zone of this plane: all rows that are needed on the way live in it, and are gone when the body ends.
        try_beginz!(scratch_bytes(self.width, self.reach), zone => {
            self.average(packed, zone)?;
            self.show(&mut shown, zone)?;
            debug_assert!(zone.used() <= scratch_bytes(self.width, self.reach));
            memory.count_scope(zone);
        })?;
        Ok(shown)
    }

    /// The rows above and below a row; itself where there are none.
    fn neighbours(&self, y: usize) -> (usize, usize) {
        let below = y + self.reach;
        (y.checked_sub(self.reach).unwrap_or(y), if below < self.mean.height() { below } else { y })
    }

    /// Learns how loud the noise is: by the median of how rough the picture is, which edges do not change.
    fn learn(&mut self, packed: &[u8], memory: &mut Memory) -> Result<(), ZoneError> {
        let (width, height) = (self.width, self.mean.height());
        if width < 3 || height < 2 * self.reach + 1 {
            self.noise = Some(0.0);
            return Ok(());
        }
        let median = try_letz!(zone; bins = [0_u32; BINS] => {
            let mut count = 0;
            for y in (self.reach..height - self.reach).step_by(SAMPLED) {
                let rows = [y - self.reach, y, y + self.reach].map(|y| line(packed, y, width, self.depth));
                for x in 1..width - 1 {
                    let three = rows.map(|row| [x - 1, x, x + 1].map(|x| sample(row, x, self.depth)));
                    let bin = (roughness(three) >> (self.depth - 8)) as usize;
                    bins[bin.min(BINS - 1)] += 1;
                    count += 1;
                }
            }
            memory.count_scope(zone);
            let mut rest = count / 2;
            bins.iter().position(|&of_bin| {
                let is_there = rest < of_bin;
                rest = rest.saturating_sub(of_bin);
                is_there
            })
        })?;
        let steps = median.unwrap_or_default() as f32 * (1 << (self.depth - 8)) as f32;
        let found = steps / MEDIAN;
        let known = self.noise.get_or_insert(found);
        // Both here and in the means, what fades in a still picture ends at 0: see `tiny.rs`.
        *known = flushed(*known + LEARNING * (found - *known));
        Ok(())
    }

    /// Takes a frame into the means.
    fn average(&mut self, packed: &[u8], zone: &Zone) -> Result<(), ZoneError> {
        let (width, height, reach) = (self.width, self.mean.height(), self.reach);
        let noise = self.noise.unwrap_or_default().max(LEAST_NOISE);
        let (still, moved) = (9.0 * STILL * noise, 9.0 * MOVED * noise);
        let scale = 1.0 / (moved - still);

        // The latest rows of the frame, and how far they are from their means.
        let ring = 2 * reach + 1;
        let mut now = Rows::new(zone, width, ring, 0.0_f32)?;
        let mut change = Rows::new(zone, width, ring, 0.0_f32)?;
        let columns = zone.try_alloc_slice_aligned::<f32, ALIGN>(width + 2, 0.0)?;
        for newest in 0..height + reach {
            if newest < height {
                let row = now.row_mut(newest % ring);
                load(line(packed, newest, width, self.depth), self.depth, row);
                let changes = change.row_mut(newest % ring).iter_mut();
                for ((change, now), mean) in changes.zip(row).zip(self.mean.row(newest)) {
                    *change = (*now - mean).abs();
                }
            }
            // The row whose neighbours are all there, and whose mean is yet the old one.
            let Some(y) = newest.checked_sub(reach) else { continue };
            let (above, below) = self.neighbours(y);
            let three = [above, y, below].map(|y| change.row(y % ring));
            add_columns(columns, three, 1.0);
            let now = now.row(y % ring);
            let means = self.mean.row_mut(y).iter_mut().zip(self.age.row_mut(y));
            for (((mean, age), now), around) in means.zip(now).zip(threes(columns)) {
                let changed = around[0] + around[1] + around[2];
                let kept = *age * ((moved - changed) * scale).clamp(0.0, 1.0);
                *mean = flushed(*mean + (now - *mean) / (kept + 1.0));
                *age = (kept + 1.0).min(OLDEST);
            }
        }
        Ok(())
    }

    /// Shows the means, with their details made stronger.
    fn show(&self, shown: &mut Rows<'_, u8>, zone: &Zone) -> Result<(), ZoneError> {
        let noise = CORING * self.noise.unwrap_or_default();
        let columns = zone.try_alloc_slice_aligned::<f32, ALIGN>(self.width + 2, 0.0)?;
        let sharp = zone.try_alloc_slice_aligned::<f32, ALIGN>(self.width, 0.0)?;
        for y in 0..self.mean.height() {
            let mean = self.mean.row(y);
            if self.strength == 0.0 {
                store(mean, self.depth, shown.row_mut(y));
                continue;
            }
            let (above, below) = self.neighbours(y);
            add_columns(columns, [self.mean.row(above), mean, self.mean.row(below)], 2.0);
            let means = mean.iter().zip(self.age.row(y));
            let details = means.zip(threes(columns));
            for (sharp, ((mean, age), around)) in sharp.iter_mut().zip(details) {
                let blurred = (around[0] + 2.0 * around[1] + around[2]) / 16.0;
                let detail = mean - blurred;
                let least = noise / age.sqrt();
                // Not `clamp`, whose check of its bounds would keep the compiler from making vectors.
                let noise = detail.max(-least).min(least);
                *sharp = mean + self.strength * (detail - noise);
            }
            store(sharp, self.depth, shown.row_mut(y));
        }
        Ok(())
    }
}

/// Adds up each column of three rows, the middle one with a weight. Beyond the edges it goes on as at them.
fn add_columns(columns: &mut [f32], [above, middle, below]: [&[f32]; 3], weight: f32) {
    let last = columns.len() - 1;
    let rows = above.iter().zip(middle).zip(below);
    for (sum, ((above, middle), below)) in columns[1..last].iter_mut().zip(rows) {
        *sum = above + weight * middle + below;
    }
    columns[0] = columns[1];
    columns[last] = columns[last - 1];
}

/// Each three neighbours; unlike `windows(3)` in a form that the compiler makes vectors of.
fn threes(columns: &[f32]) -> impl Iterator<Item = [f32; 3]> {
    let (second, third) = (&columns[1..], &columns[2..]);
    columns.iter().zip(second).zip(third).map(|((left, middle), right)| [*left, *middle, *right])
}

/// How far a sample is from what the eight around it let expect. Slopes and straight edges are not rough.
fn roughness(rows: [[i32; 3]; 3]) -> u32 {
    let [above, middle, below] = rows.map(|[left, middle, right]| left - 2 * middle + right);
    (above - 2 * middle + below).unsigned_abs()
}

/// A row of a packed plane.
fn line(packed: &[u8], y: usize, width: usize, depth: u32) -> &[u8] {
    let bytes = if depth > 8 { 2 * width } else { width };
    &packed[y * bytes..][..bytes]
}

fn sample(line: &[u8], x: usize, depth: u32) -> i32 {
    if depth > 8 {
        i32::from(u16::from_le_bytes([line[2 * x], line[2 * x + 1]]))
    } else {
        line[x].into()
    }
}

/// From bytes to samples.
fn load(line: &[u8], depth: u32, row: &mut [f32]) {
    if depth > 8 {
        for (sample, bytes) in row.iter_mut().zip(line.chunks_exact(2)) {
            *sample = u16::from_le_bytes([bytes[0], bytes[1]]).into();
        }
    } else {
        row.iter_mut().zip(line).for_each(|(sample, byte)| *sample = f32::from(*byte));
    }
}

/// From samples to bytes, rounded.
fn store(row: &[f32], depth: u32, line: &mut [u8]) {
    if depth > 8 {
        let most = ((1 << depth) - 1) as f32;
        for (bytes, sample) in line.chunks_exact_mut(2).zip(row) {
            bytes.copy_from_slice(&((sample + 0.5).clamp(0.0, most) as u16).to_le_bytes());
        }
    } else {
        let bytes = line.iter_mut().zip(row);
        bytes.for_each(|(byte, sample)| *byte = (sample + 0.5).clamp(0.0, 255.0) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, frame_bytes, plan, state_bytes};
    use crate::stream::Input;
    use memzone::{Zone, rt};

    /// What a dim picture leaves in a black one fades by a sixteenth with each frame, and so does the noise of a
    /// picture in one without.
    #[test]
    fn what_fades_ends_at_zero_and_not_among_the_subnormal_numbers() {
        let format = Input::open(&b"YUV4MPEG2 W16 H16 F25:1 Cmono\n"[..]).unwrap().format;
        rt::prepare_thread(&plan(&format)).unwrap();
        let (state, frame) = (Zone::new(state_bytes(&format)), Zone::new(frame_bytes(&format)));
        let mut frame = frame;
        let mut filter = Filter::new(&state, &format).unwrap();
        let noisy: Vec<u8> =
            (0..256_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 30) as u8).collect();
        let black = vec![0; 256];
        for n in 0..3_000 {
            let picture = if n < 20 { &noisy } else { &black };
            filter.process([picture, &[], &[]], &frame).unwrap();
            frame.reset().unwrap();
            let plane = &filter.planes[0];
            assert!(!plane.noise.unwrap_or_default().is_subnormal(), "frame {n}");
            assert!(plane.mean.iter().flatten().all(|mean| !mean.is_subnormal()), "frame {n}");
        }
        let plane = &filter.planes[0];
        assert_eq!(plane.noise, Some(0.0));
        assert!(plane.mean.iter().flatten().all(|mean| *mean == 0.0));
    }
}
