//! Runs 200 frames of the flock, without a window, and prints what its systems took.
//!
//! ```text
//! cargo run --release --manifest-path examples/bevy/Cargo.toml
//! ```
#![forbid(unsafe_code)]

use bevy_app::{App, TaskPoolOptions, TaskPoolPlugin};
use bevy_diagnostic::{DiagnosticPath, DiagnosticsPlugin, DiagnosticsStore};
use memzone_bevy::flock::{FlockPlugin, Report, Sight};
use memzone_bevy::scratch::{HELD, ScratchPlugin, USED, ZONES};

/// Frames in which the birds look eight cells far.
const SPIKE: std::ops::Range<u32> = 100..103;

/// Shared by Bevy's three kinds of tasks.
const THREADS: usize = 8;

fn main() {
    let mut app = App::new();
    app.add_plugins((
        TaskPoolPlugin { task_pool_options: TaskPoolOptions::with_num_threads(THREADS) },
        DiagnosticsPlugin,
        ScratchPlugin::default(),
        FlockPlugin,
    ));
    println!(
        "{:>5} {:>6} {:>6} {:>14} {:>14} {:>8}",
        "frame", "sight", "zones", "used, bytes", "held, bytes", "letters"
    );
    for frame in 0..200 {
        let sight = if SPIKE.contains(&frame) { 8 } else { 1 };
        app.insert_resource(Sight(sight));
        app.update();
        if [0, 1, 99, 100, 102, 130, 170, 199].contains(&frame) {
            let world = app.world();
            let diagnostics = world.resource::<DiagnosticsStore>();
            let value = |path: &DiagnosticPath| {
                diagnostics.get(path).and_then(|diagnostic| diagnostic.value()).unwrap_or_default()
            };
            println!(
                "{frame:>5} {sight:>6} {:>6} {:>14} {:>14} {:>8}",
                value(&ZONES),
                value(&USED),
                value(&HELD),
                world.resource::<Report>().letters
            );
        }
    }
}
