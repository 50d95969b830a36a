//! What an adversary leaves of a zone, a real-time heap and the system's heap, as a table and a plot.
//!
//! ```text
//! cargo run --release --example fragmentation -- [OUT.svg]
//! ```
//!
//! The adversary fills a region of 1 MiB and frees its blocks in a pattern that leaves much memory free
//! and no large block; see `tests/common/adversary.rs`. Shown is how much of what it has freed no single
//! block can have, without more of the system's memory.

#[path = "../tests/common/adversary.rs"]
mod adversary;

use adversary::{CHECKERBOARD, IN_TURN, OfHeap, OfZone, Pattern, Region, Step};
use memzone::RtHeap;
use plotters::prelude::*;
use std::error::Error;
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::process::ExitCode;

const BYTES: usize = 1 << 20;

/// The system's heap, as far as it can be asked what it holds: with glibc.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
struct OfSystem;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
impl OfSystem {
    /// Has the heap give back what it holds beyond its last block, so that asking it for a large one
    /// leaves no trace.
    fn new() -> OfSystem {
        for (option, value) in
            [(libc::M_MMAP_MAX, 0), (libc::M_TOP_PAD, 0), (libc::M_TRIM_THRESHOLD, 0)]
        {
            // SAFETY: no preconditions.
            unsafe { libc::mallopt(option, value) };
        }
        OfSystem
    }

    /// Bytes that the heap has from the system.
    fn held() -> usize {
        // SAFETY: no preconditions.
        let info = unsafe { libc::mallinfo2() };
        info.arena + info.hblkhd
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
impl Region for OfSystem {
    type Block = Box<[MaybeUninit<u8>]>;
    fn take(&mut self, bytes: usize) -> Option<Self::Block> {
        // Else the compiler leaves out what nobody uses.
        Some(std::hint::black_box(Box::new_uninit_slice(bytes)))
    }
    fn give_back(&mut self, block: Self::Block) {
        drop(block);
    }
    fn largest(&mut self) -> usize {
        adversary::largest_that(2 * BYTES, |bytes| {
            let before = Self::held();
            let block = self.take(bytes);
            let fits = Self::held() == before;
            drop(block);
            fits
        })
    }
}

/// One line of the plot.
struct Line {
    name: &'static str,
    color: RGBColor,
    steps: Vec<Step>,
    scattered: Step,
}

/// What each kind of memory has left of a pattern.
fn lines(pattern: &Pattern) -> Vec<Line> {
    // As many blocks for all: as the heap can hold.
    let mut most = 0;
    let mut heap = OfHeap(RtHeap::new(BYTES));
    let mut kept = Vec::new();
    while let Some(block) = heap.take((pattern.bytes)(most)) {
        kept.push(block);
        most += 1;
    }
    drop(kept);
    let each = most / 128;
    let line = |name, color, (steps, scattered): (Vec<Step>, usize)| {
        let scattered = steps[scattered];
        Line { name, color, steps, scattered }
    };
    vec![
        line("RtHeap", BLUE, pattern.run(&mut heap, most, each)),
        line("Zone", GREEN, pattern.run(&mut OfZone::new(BYTES), most, each)),
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        line("system", RED, pattern.run(&mut OfSystem::new(), most, each)),
    ]
}

fn draw(path: &PathBuf, patterns: &[(&Pattern, Vec<Line>)]) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (960, 720)).into_drawing_area();
    root.fill(&WHITE)?;
    for (area, (pattern, lines)) in root.split_evenly((patterns.len(), 1)).iter().zip(patterns) {
        let mut chart = ChartBuilder::on(area)
            .caption(pattern.name, ("sans-serif", 16))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..BYTES as f64 / 1024.0, 0.0..1.0)?;
        chart
            .configure_mesh()
            .x_desc("freed, KiB")
            .y_desc("fragmentation: 1 - largest / freed")
            .draw()?;
        for line in lines {
            let points =
                line.steps.iter().map(|step| (step.freed as f64 / 1024.0, step.fragmentation()));
            let color = line.color;
            chart
                .draw_series(LineSeries::new(points, color.stroke_width(2)))?
                .label(line.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
        }
        chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    }
    root.present()?;
    Ok(())
}

fn main() -> ExitCode {
    let path = std::env::args_os().nth(1).map_or_else(|| "fragmentation.svg".into(), PathBuf::from);
    let patterns = [&IN_TURN, &CHECKERBOARD].map(|pattern| (pattern, lines(pattern)));
    for (pattern, lines) in &patterns {
        println!("{}\n", pattern.name);
        println!(
            "| | freed | largest block to be had | fragmentation | at the end: freed | largest | fragmentation |"
        );
        println!("|---|---|---|---|---|---|---|");
        for Line { name, steps, scattered, .. } in lines {
            let end = steps[steps.len() - 1];
            println!(
                "| {name} | {} | {} | {:.3} | {} | {} | {:.3} |",
                scattered.freed,
                scattered.largest,
                scattered.fragmentation(),
                end.freed,
                end.largest,
                end.fragmentation()
            );
        }
        println!();
    }
    match draw(&path, &patterns) {
        Ok(()) => {
            println!("drawn to {}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::from(2)
        }
    }
}
