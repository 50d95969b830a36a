//! What the frames took, and the table.

use crate::counting;
use crate::world::Checksum;
use memzone::rt::{self, Policy};
use std::fmt::{self, Display};
use std::time::{Duration, Instant};

/// Frames that are not counted: they use code, and memory of the heap's, for the first time.
pub(crate) const WARM_UP: usize = 60;

/// What a game at 60 frames a second has for each.
pub(crate) const DEADLINE: Duration = Duration::from_nanos(16_666_667);

/// All frames with one kind of memory.
pub(crate) struct Run {
    pub(crate) name: &'static str,
    /// How long each frame took.
    pub(crate) times: Vec<Duration>,
    /// What a frame asked of the system's allocator, after the first [`WARM_UP`], in all.
    calls: u64,
    bytes: u64,
    /// What memzone would have asked the system for in these frames.
    requests: u64,
    checksum: Checksum,
    /// The most bytes that were in use in the frame's zone.
    pub(crate) high_water: Option<usize>,
}

impl Run {
    pub(crate) fn of(
        name: &'static str,
        frames: usize,
        mut frame: impl FnMut() -> Checksum,
    ) -> Run {
        let checksum = Checksum(0);
        let times = Vec::with_capacity(frames);
        let mut run =
            Run { name, times, calls: 0, bytes: 0, requests: 0, checksum, high_water: None };
        for index in 0..frames {
            let section = rt::enter_unwatched(Policy::Count);
            let (calls, bytes) = (counting::times_asked(), counting::bytes_asked());
            let start = Instant::now();
            let sum = frame();
            run.times.push(start.elapsed());
            run.checksum.add(sum.0);
            if index >= WARM_UP {
                run.calls += counting::times_asked() - calls;
                run.bytes += counting::bytes_asked() - bytes;
                run.requests += section.report().asked();
            }
        }
        run
    }

    /// Milliseconds that this part of the frames did not take longer than.
    fn quantile(&self, part: f64) -> String {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = (part * times.len() as f64).ceil() as usize;
        format!("{:.2} ms", times[rank.max(1) - 1].as_secs_f64() * 1e3)
    }

    /// A frame's part of what was counted.
    fn of_a_frame(&self, all: u64) -> String {
        let frames = self.times.len().saturating_sub(WARM_UP).max(1);
        grouped(all.div_ceil(frames as u64))
    }
}

pub(crate) struct Report {
    pub(crate) runs: Vec<Run>,
    pub(crate) frames: usize,
    pub(crate) plot: String,
}

impl Report {
    /// Whether all runs came to the same, and frames with zones asked the system for nothing.
    pub(crate) fn is_good(&self) -> bool {
        let same = self.runs.iter().all(|run| run.checksum == self.runs[0].checksum);
        let zones = self.runs.iter().filter(|run| run.high_water.is_some());
        same && zones.into_iter().all(|run| run.calls == 0 && run.requests == 0)
    }

    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        label: &str,
        value: impl Fn(&Run) -> String,
    ) -> fmt::Result {
        write!(f, "{label:<48}")?;
        self.runs.iter().try_for_each(|run| write!(f, "{:>18}", value(run)))?;
        writeln!(f)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = DEADLINE.as_secs_f64() * 1e3;
        writeln!(f, "{} frames, with {deadline:.1} ms for each -> {}\n", self.frames, self.plot)?;
        self.row(f, "", |run| run.name.to_owned())?;
        self.row(f, "frame, median", |run| run.quantile(0.5))?;
        self.row(f, "frame, 99.9 %", |run| run.quantile(0.999))?;
        self.row(f, "frame, worst", |run| run.quantile(1.0))?;
        let late = format!("after {WARM_UP} frames");
        let label = format!("system allocations a frame, {late}");
        self.row(f, &label, |run| run.of_a_frame(run.calls))?;
        let label = format!("bytes so asked a frame, {late}");
        self.row(f, &label, |run| run.of_a_frame(run.bytes))?;
        let label = format!("memzone's requests in sections, {late}");
        self.row(f, &label, |run| run.requests.to_string())?;
        self.row(f, "high-water mark of the frame's zone, bytes", |run| {
            run.high_water.map_or("-".to_owned(), |bytes| grouped(bytes as u64))
        })?;
        self.row(f, "checksum of all frames", |run| format!("{:016x}", run.checksum.0))
    }
}

/// A number with its digits in groups of three.
fn grouped(number: u64) -> String {
    if number < 1000 {
        return number.to_string();
    }
    format!("{},{:03}", grouped(number / 1000), number % 1000)
}
