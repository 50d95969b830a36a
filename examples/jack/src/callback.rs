//! What JACK calls: once when its thread starts, and then for each block.

use crate::counting::{self, Asked};
use crate::zones;
use jack::ProcessScope;
use jack::{AudioOut, Client, ClientStatus, Control, NotificationHandler, Port, ProcessHandler};
use memzone::ZoneError;
use memzone::rt::{self, Policy, Prepared};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

/// Callbacks whose page faults are counted apart: code and stack are used for the first time.
pub(crate) const WARM_UP: usize = 100;

/// A synth, wherever its memory is.
pub(crate) trait Synth: Send {
    /// Computes the next frames of both sides.
    fn process(&mut self, sides: [&mut [f32]; 2]) -> Result<(), ZoneError>;
}

/// What JACK has told, for the main thread.
#[derive(Default)]
pub(crate) struct Events {
    prepared: OnceLock<Prepared>,
    error: OnceLock<ZoneError>,
    xruns: AtomicU64,
    has_shut_down: AtomicBool,
}

impl Events {
    /// What was got for each of JACK's threads, if they have started.
    pub(crate) fn prepared(&self) -> Result<Option<&Prepared>, &ZoneError> {
        self.error.get().map_or(Ok(self.prepared.get()), Err)
    }

    /// How often JACK has said that a deadline was missed, by whomever.
    pub(crate) fn xruns(&self) -> u64 {
        self.xruns.load(Relaxed)
    }

    pub(crate) fn has_shut_down(&self) -> bool {
        self.has_shut_down.load(Relaxed)
    }
}

/// Hears what JACK tells.
#[derive(Default)]
pub(crate) struct Listener(Arc<Events>);

impl Listener {
    pub(crate) fn events(&self) -> Arc<Events> {
        self.0.clone()
    }
}

impl NotificationHandler for Listener {
    /// JACK calls this first on the thread that it will process on, and may take its time there. (JACK 2 does
    /// on its threads for messages and notifications too, where it is of no use and does no harm.)
    fn thread_init(&self, _: &Client) {
        match rt::prepare_thread(&zones::plan()) {
            Ok(prepared) => drop(self.0.prepared.set(prepared)),
            Err(error) => drop(self.0.error.set(error)),
        }
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.0.xruns.fetch_add(1, Relaxed);
        Control::Continue
    }

    /// May do no more than a signal handler.
    unsafe fn shutdown(&mut self, _: ClientStatus, _: &str) {
        self.0.has_shut_down.store(true, Relaxed);
    }
}

/// What all callbacks came to.
pub(crate) struct Figures {
    pub(crate) callbacks: u64,
    /// The time of each, in nanoseconds, as far as there is room.
    times: &'static mut [u32],
    pub(crate) denied: u64,
    pub(crate) requests: u64,
    /// Blocks that stayed silent, as memory was missing.
    pub(crate) failed: u64,
    pub(crate) asked: Asked,
    /// Page faults: minor ones in the first callbacks, minor ones after them, major ones.
    pub(crate) faults: Option<[u64; 3]>,
    pub(crate) peak: f32,
}

impl Figures {
    pub(crate) fn new(times: &'static mut [u32]) -> Figures {
        Figures {
            callbacks: 0,
            times,
            denied: 0,
            requests: 0,
            failed: 0,
            asked: Asked::default(),
            faults: Some([0; 3]),
            peak: 0.0,
        }
    }

    /// The times, in the order in which they were.
    pub(crate) fn times(&self) -> &[u32] {
        &self.times[..self.times.len().min(self.callbacks as usize)]
    }
}

/// Plays, on JACK's thread.
pub(crate) struct Callback {
    ports: [Port<AudioOut>; 2],
    synth: Box<dyn Synth>,
    figures: Figures,
}

impl Callback {
    pub(crate) fn new(
        ports: [Port<AudioOut>; 2],
        synth: Box<dyn Synth>,
        figures: Figures,
    ) -> Callback {
        Callback { ports, synth, figures }
    }

    pub(crate) fn figures(&self) -> &Figures {
        &self.figures
    }
}

impl ProcessHandler for Callback {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        let Callback { ports, synth, figures } = self;
        let start = Instant::now();
        let before = counting::asked();
        // From here on, memzone asks the system for nothing. `enter_unwatched` would do without the
        // system calls that read the page faults.
        let section = rt::enter(Policy::Deny);
        let [left, right] = ports.each_mut().map(|port| port.as_mut_slice(scope));
        if synth.process([&mut *left, &mut *right]).is_err() {
            left.fill(0.0);
            right.fill(0.0);
            figures.failed += 1;
        }
        let report = section.report();
        drop(section);
        figures.asked += counting::asked() - before;
        let nanos = start.elapsed().as_nanos();

        let index = figures.callbacks as usize;
        if let Some(time) = figures.times.get_mut(index) {
            *time = u32::try_from(nanos).unwrap_or(u32::MAX);
        }
        figures.callbacks += 1;
        figures.requests += report.asked();
        figures.denied += report.denied();
        let faults = report.minor_faults().zip(report.major_faults());
        figures.faults = figures.faults.zip(faults).map(|(mut faults, (minor, major))| {
            faults[usize::from(index >= WARM_UP)] += minor;
            faults[2] += major;
            faults
        });
        let peak = left.iter().chain(right.iter());
        figures.peak = peak.fold(figures.peak, |peak, sample| peak.max(sample.abs()));
        Control::Continue
    }
}
