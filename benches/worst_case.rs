//! The worst case: what a scope of 64 allocations costs, in cycles: least, median, 99.99 %, worst.
//!
//! ```text
//! cargo bench --bench worst_case                        # 1,000,000 scopes a row: about a minute
//! cargo bench --bench worst_case -- --scopes 10000000   # the long form, see .ci/campaign
//! cargo bench --bench worst_case -- --test              # a few, to see that it runs
//! ```
//!
//! Writes a plot beside the table: `target/worst_case.svg`. Each row runs on a fresh thread, prepared and in a
//! real-time section: memzone's own must ask the system for nothing. Contenders:
//!
//! * memzone: `beginz!` with 64 `alloc`s;
//! * system: 64 `Box`es, freed at the end;
//! * bumpalo: a new `Bump`, 64 `alloc`s, dropped;
//! * locked zone: a `beginz!` in which each `alloc` takes one recursive lock of the whole process
//!   (`parking_lot`'s), as Extempore does it.
//!
//! "Alone", and beside a second thread that does the same without a pause. The sizes are the same for all: 8 to 512
//! bytes. What the machine does in between (interrupts, other programs, the second thread on the same core) is
//! in the worst figure, which no program can do anything about; the rows take turns, so that it hits all alike.
//! "Calm worst" leaves out what does not happen again: each scope runs in all ten turns, after the same ones before
//! it, counts with the least it has cost, and the worst of these is shown. What reading the clock costs is taken
//! off.

#[path = "common/cycles.rs"]
mod cycles;

use bumpalo::Bump;
use cycles::cycles;
use memzone::rt::{self, Plan, Policy};
use memzone::{Zone, beginz};
use parking_lot::ReentrantMutex;
use plotters::prelude::*;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// Allocations in a scope.
const ALLOCATIONS: usize = 64;

/// How many turns each row's scopes are taken in.
const TURNS: u64 = 10;

/// How often each cost was seen: exact up to 64, then in 64 steps for each power of two. Of a fixed size, so
/// that noting takes no memory.
struct Histogram {
    counts: [u64; Self::STEPS * 59],
    least: u64,
    worst: u64,
}

impl Histogram {
    const STEPS: usize = 64;

    fn new() -> Box<Histogram> {
        Box::new(Histogram { counts: [0; Self::STEPS * 59], least: u64::MAX, worst: 0 })
    }

    fn index(cost: u64) -> usize {
        // 0 up to twice the steps, where each index is one cost.
        let shift = cost.max(1).ilog2().saturating_sub(Self::STEPS.ilog2());
        shift as usize * Self::STEPS + (cost >> shift) as usize
    }

    /// The least cost with an index.
    fn cost(index: usize) -> u64 {
        let shift = (index / Self::STEPS).saturating_sub(1);
        ((index - shift * Self::STEPS) as u64) << shift
    }

    fn note(&mut self, cost: u64) {
        self.counts[Self::index(cost)] += 1;
        self.least = self.least.min(cost);
        self.worst = self.worst.max(cost);
    }

    fn add(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.least = self.least.min(other.least);
        self.worst = self.worst.max(other.worst);
    }

    fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The cost that this part of all does not exceed.
    fn at(&self, part: f64) -> u64 {
        let wanted = (self.total() as f64 * part).ceil() as u64;
        let mut seen = 0;
        let index = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        index.map_or(self.worst, Self::cost).clamp(self.least, self.worst)
    }

    /// For each cost that was seen, which part of all cost as much or more.
    fn tail(&self) -> Vec<(f64, f64)> {
        let (total, mut rest) = (self.total() as f64, self.total());
        let mut points = Vec::new();
        for (index, &count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            points.push((Self::cost(index).max(self.least).max(1) as f64, rest as f64 / total));
            rest -= count;
        }
        points.push((self.worst.max(1) as f64, 1.0 / total));
        points
    }
}

/// 64 sizes of 8 to 512 bytes, in no order.
fn size(n: usize) -> usize {
    8 << (n * 5 % 7)
}

type Bytes = MaybeUninit<u8>;

#[inline(never)]
fn memzone() {
    beginz!(z => {
        for n in 0..ALLOCATIONS {
            black_box(z.alloc_uninit::<u8>(black_box(size(n))));
        }
    });
}

#[inline(never)]
fn system() {
    let mut boxes: [Option<Box<[Bytes]>>; ALLOCATIONS] = [const { None }; ALLOCATIONS];
    for (n, place) in boxes.iter_mut().enumerate() {
        *place = Some(black_box(Box::new_uninit_slice(black_box(size(n)))));
    }
}

#[inline(never)]
fn bumpalo() {
    let bump = Bump::new();
    for n in 0..ALLOCATIONS {
        let layout = std::alloc::Layout::from_size_align(black_box(size(n)), 8);
        black_box(bump.alloc_layout(layout.expect("small")));
    }
}

#[inline(never)]
fn locked_zone() {
    static LOCK: ReentrantMutex<()> = ReentrantMutex::new(());
    fn alloc(z: &Zone, bytes: usize) -> &mut [Bytes] {
        let _guard = LOCK.lock();
        z.alloc_uninit(bytes)
    }
    beginz!(z => {
        for n in 0..ALLOCATIONS {
            black_box(alloc(z, black_box(size(n))));
        }
    });
}

/// One line of the table and of the plot.
struct Row {
    name: &'static str,
    scope: fn(),
    neighbour: bool,
    color: RGBColor,
    costs: Box<Histogram>,
    /// For each scope of a turn, the least it has cost in any turn.
    calm: Vec<u64>,
    /// What memzone has asked the system for in these scopes, and the pages that faulted.
    asked: u64,
    faults: Option<u64>,
}

fn prepare() {
    let plan = Plan::new().scopes(1, 64 << 10);
    rt::prepare_thread(&plan).expect("there is memory");
}

impl Row {
    /// Runs a turn's scopes, and notes what each costs.
    fn turn(&mut self, clock: u64) {
        let (stop, ready) = (AtomicBool::new(false), Barrier::new(2));
        let Row { scope, costs, calm, asked, faults, neighbour, .. } = self;
        let scope = *scope;
        thread::scope(|threads| {
            threads.spawn(|| {
                prepare();
                ready.wait();
                while *neighbour && !stop.load(Ordering::Relaxed) {
                    scope();
                }
            });
            let measured = threads.spawn(|| {
                prepare();
                // To have the code and the heap's lists in place, for all alike.
                (0..100).for_each(|_| scope());
                let mut turn = Histogram::new();
                // Its pages are touched.
                turn.counts.fill(black_box(0));
                ready.wait();
                let section = rt::enter(Policy::Count);
                for calm in calm {
                    let start = cycles();
                    scope();
                    let cost = (cycles() - start).saturating_sub(clock);
                    turn.note(cost);
                    *calm = cost.min(*calm);
                }
                let report = section.report();
                stop.store(true, Ordering::Relaxed);
                (turn, report)
            });
            let (turn, report) = measured.join().expect("the scopes hold");
            costs.add(&turn);
            *asked += report.asked();
            *faults = report.minor_faults().map(|more| faults.unwrap_or(0) + more);
        });
    }
}

/// What two reads of the clock are apart with nothing in between.
fn clock() -> u64 {
    let read = |_| {
        let start = cycles();
        cycles() - start
    };
    (0..100_000).map(read).min().unwrap_or(0)
}

fn plot(rows: &[Row], path: &PathBuf, scopes: u64) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, (1000, 600)).into_drawing_area();
    area.fill(&WHITE)?;
    let most = rows.iter().map(|row| row.costs.worst).max().unwrap_or(1).max(100) as f64;
    let unit = if cfg!(target_arch = "x86_64") { "cycles" } else { "ns" };
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("{scopes} scopes of {ALLOCATIONS} allocations"), ("sans-serif", 22))
        .margin(12)
        .x_label_area_size(45)
        .y_label_area_size(70)
        .build_cartesian_2d(
            (10.0..most * 1.2).log_scale(),
            (0.5 / scopes as f64..1.2).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc(format!("{unit}, logarithmic"))
        .y_desc("part of the scopes that cost as much or more")
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0e}"))
        .draw()?;
    for row in rows {
        // Beside another thread: thinner and lighter.
        let style = match row.neighbour {
            true => row.color.mix(0.5).stroke_width(1),
            false => row.color.stroke_width(2),
        };
        chart
            .draw_series(LineSeries::new(row.costs.tail(), style))?
            .label(row.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 24, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    Ok(())
}

/// What the arguments say. `None`: nothing that can be used.
fn scopes_asked_for() -> Option<u64> {
    let args: Vec<String> = std::env::args().collect();
    if args.iter().any(|arg| arg == "--test") {
        return Some(10_000);
    }
    match args.iter().position(|arg| arg == "--scopes") {
        None => Some(1_000_000),
        Some(place) => args.get(place + 1)?.parse().ok().filter(|number| *number >= TURNS),
    }
}

fn print_rows(rows: &[Row]) {
    println!(
        "{:<30}{:>8}{:>8}{:>12}{:>12}{:>14}{:>12}{:>8}",
        "", "least", "median", "99.99 %", "worst", "worst/least", "calm worst", "faults"
    );
    for row in rows {
        let Histogram { least, worst, .. } = *row.costs;
        let (median, most) = (row.costs.at(0.5), row.costs.at(0.9999));
        println!(
            "{:<30}{least:>8}{median:>8}{most:>12}{worst:>12}{:>14.0}{:>12}{:>8}",
            row.name,
            worst as f64 / least.max(1) as f64,
            row.calm.iter().max().copied().unwrap_or(0),
            row.faults.map_or("-".into(), |faults| faults.to_string()),
        );
    }
}

fn main() -> ExitCode {
    let Some(scopes) = scopes_asked_for() else {
        eprintln!("worst_case: --scopes wants a number, at least {TURNS}");
        return ExitCode::from(2);
    };
    let row = |name, scope, neighbour, color| {
        let (costs, calm) = (Histogram::new(), vec![u64::MAX; (scopes / TURNS) as usize]);
        Row { name, scope, neighbour, color, costs, calm, asked: 0, faults: None }
    };
    let mut rows = [
        row("memzone, alone", memzone as fn(), false, BLUE),
        row("memzone, beside another", memzone, true, BLUE),
        row("system, alone", system, false, RED),
        row("system, beside another", system, true, RED),
        row("bumpalo, alone", bumpalo, false, GREEN),
        row("bumpalo, beside another", bumpalo, true, GREEN),
        row("locked zone, alone", locked_zone, false, MAGENTA),
        row("locked zone, beside another", locked_zone, true, MAGENTA),
    ];
    let (started, clock) = (Instant::now(), clock());
    for _ in 0..TURNS {
        rows.iter_mut().for_each(|row| row.turn(clock));
    }
    let scopes = rows[0].costs.total();
    println!(
        "{scopes} scopes of {ALLOCATIONS} allocations each, in {:.1} s; {}, of which {clock} for reading the clock \
         are taken off",
        started.elapsed().as_secs_f64(),
        if cfg!(target_arch = "x86_64") { "cycles" } else { "nanoseconds" },
    );
    print_rows(&rows);
    // The benchmark's own promise: what it shows as memzone's is its steady state.
    let asked: u64 = rows.iter().map(|row| row.asked).sum();
    if asked > 0 {
        eprintln!("worst_case: memzone has asked the system for something {asked} times");
        return ExitCode::FAILURE;
    }
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let path = folder.join("worst_case.svg");
    match plot(&rows, &path, scopes) {
        Ok(()) => println!("{}", path.display()),
        Err(error) => {
            eprintln!("worst_case: cannot write {}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
