//! A plugin that gives each system scratch memory which lasts until the frame ends.
//!
//! Systems run in parallel, on whichever thread Bevy finds. Each that asks for scratch memory gets a zone of the
//! thread that it is on, so nobody waits for anybody and nothing is locked. When the frame is over, all zones
//! are rewound, what was used is shown in Bevy's diagnostics, and zones that have held far more than they needed for
//! a while give it back.

use bevy_app::{App, Last, Plugin};
use bevy_diagnostic::{Diagnostic, DiagnosticPath, Diagnostics, RegisterDiagnostic};
use bevy_ecs::prelude::*;
use memzone::{SendZone, Zone};
use std::cell::RefCell;
use thread_local::ThreadLocal;

/// Bytes that the frame used at most, the sum of all zones.
pub const USED: DiagnosticPath = DiagnosticPath::const_new("scratch/used");
/// Bytes that the zones hold, used or not.
pub const HELD: DiagnosticPath = DiagnosticPath::const_new("scratch/held");
/// How many zones there are: as many as threads that have asked for one, where nobody asks twice at a time.
pub const ZONES: DiagnosticPath = DiagnosticPath::const_new("scratch/zones");

/// What a zone begins with, and always keeps.
const LEAST: usize = 16 << 10;

/// See the module.
pub struct ScratchPlugin {
    /// After so many frames in which a zone needed less than half of what it holds, it gives back the rest.
    pub patience: u32,
}

impl Default for ScratchPlugin {
    fn default() -> Self {
        ScratchPlugin { patience: 30 }
    }
}

impl Plugin for ScratchPlugin {
    fn build(&self, app: &mut App) {
        let bytes = |path| Diagnostic::new(path).with_suffix(" B");
        app.insert_resource(Scratch { threads: ThreadLocal::new(), patience: self.patience })
            .register_diagnostic(bytes(USED))
            .register_diagnostic(bytes(HELD))
            .register_diagnostic(Diagnostic::new(ZONES))
            .add_systems(Last, end_frame);
    }
}

/// Where systems find their scratch memory.
///
/// A zone stays with its thread while it is used. Between two uses it is a [`SendZone`], which the compiler lets the
/// end of the frame have, wherever that runs.
#[derive(Resource)]
pub struct Scratch {
    threads: ThreadLocal<RefCell<Vec<Held>>>,
    patience: u32,
}

struct Held {
    zone: SendZone,
    /// The most bytes that one of the last frames needed, and how many frames that were.
    needed: usize,
    frames: u32,
}

impl Scratch {
    /// Calls a function with the thread's zone. What it allocates there is gone when the frame ends; that no
    /// reference to it gets out of the function is checked by the compiler.
    pub fn with<R>(&self, work: impl FnOnce(&Zone) -> R) -> R {
        let place = self.threads.get_or_default();
        // None where the thread asks for the first time, or within another such function.
        let held = place.borrow_mut().pop();
        let (zone, needed, frames) = match held {
            Some(Held { zone, needed, frames }) => (zone.into_zone(), needed, frames),
            None => (Zone::builder().name("scratch").capacity(LEAST).build(), 0, 0),
        };
        let result = work(&zone);
        // A zone that `work` has kept a handle of stays with that handle.
        if let Ok(zone) = zone.into_sendable() {
            place.borrow_mut().push(Held { zone, needed, frames });
        }
        result
    }
}

/// What the zones of a frame come to.
#[derive(Default)]
struct Sums {
    used: usize,
    held: usize,
    zones: usize,
}

impl Held {
    fn end_frame(self, patience: u32, sums: &mut Sums) -> Option<Held> {
        let mut zone = self.zone.into_zone();
        let used = zone.high_water();
        let mut needed = self.needed.max(used);
        let mut frames = self.frames + 1;
        let mut keep = usize::MAX;
        if frames == patience {
            if zone.capacity() > 2 * needed.max(LEAST) {
                keep = 2 * needed.max(LEAST);
            }
            (needed, frames) = (0, 0);
        }
        zone.trim(keep).ok()?;
        sums.used += used;
        sums.held += zone.capacity();
        sums.zones += 1;
        let zone = zone.into_sendable().ok()?;
        Some(Held { zone, needed, frames })
    }
}

/// Rewinds all zones. That no system uses one now is what `ResMut` says.
fn end_frame(mut scratch: ResMut<Scratch>, mut diagnostics: Diagnostics) {
    let mut sums = Sums::default();
    let patience = scratch.patience;
    for place in scratch.threads.iter_mut() {
        let held = std::mem::take(place.get_mut());
        place
            .get_mut()
            .extend(held.into_iter().filter_map(|held| held.end_frame(patience, &mut sums)));
    }
    diagnostics.add_measurement(&USED, || sums.used as f64);
    diagnostics.add_measurement(&HELD, || sums.held as f64);
    diagnostics.add_measurement(&ZONES, || sums.zones as f64);
}
