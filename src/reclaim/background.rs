//! A thread that collects at regular intervals.

#![forbid(unsafe_code)]

use super::shared::SharedRings;
use super::tally::{Payload, Tally, keep_first};
use crate::system::counters::AtomicU64;
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// How long a background thread rests between two collections, if nothing else is set.
const DEFAULT_PERIOD: Duration = Duration::from_millis(10);

/// The shortest rest, so that no period keeps a core busy.
const SHORTEST_PERIOD: Duration = Duration::from_micros(1);

/// What the background thread is told by its handle.
struct Control {
    stop: AtomicBool,
    /// In nanoseconds.
    period: AtomicU64,
}

fn nanoseconds(period: Duration) -> u64 {
    u64::try_from(period.max(SHORTEST_PERIOD).as_nanos()).unwrap_or(u64::MAX)
}

impl Control {
    /// Runs on the background thread. Returns the first panic of a destructor.
    fn collect_until_stopped(&self, shared: &SharedRings) -> Option<Payload> {
        let mut first = None;
        loop {
            // This is read before it collects, so all that was retired before the stop is collected after this.
            let stop = self.stop.load(Ordering::Acquire);
            if let Some(payload) = shared.collect().panic {
                keep_first(&mut first, payload);
            }
            if stop {
                return first;
            }
            // This may return early, which does no harm.
            thread::park_timeout(Duration::from_nanos(self.period.load(Ordering::Relaxed)));
        }
    }
}

/// A thread that collects; see [`Reclaimer::spawn`](super::Reclaimer::spawn). Dropping this [stops](Background::stop)
/// the thread.
///
/// ```
/// use memzone::reclaim::{Full, Reclaimer};
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// let reclaimer = Reclaimer::new();
/// let background = reclaimer.spawn();
/// background.set_period(Duration::from_millis(50));
/// let samples = Arc::new([0.0_f32; 64]);
/// reclaimer.retirer(4).retire(samples.clone())?;
/// background.stop(); // waits for what was retired
/// assert_eq!(Arc::strong_count(&samples), 1);
/// # Ok::<(), Full<Arc<[f32; 64]>>>(())
/// ```
///
/// # Real-time
///
/// No.
#[must_use = "dropping it stops its thread"]
pub struct Background {
    control: Arc<Control>,
    thread: Option<JoinHandle<Option<Payload>>>,
}

impl Background {
    /// Starts the thread.
    pub(super) fn start(shared: Arc<SharedRings>) -> io::Result<Background> {
        let control = Arc::new(Control {
            stop: AtomicBool::new(false),
            period: AtomicU64::new(nanoseconds(DEFAULT_PERIOD)),
        });
        let thread = thread::Builder::new().name("memzone-reclaim".into()).spawn({
            let control = Arc::clone(&control);
            move || control.collect_until_stopped(&shared)
        })?;
        Ok(Background { control, thread: Some(thread) })
    }

    /// Changes how long the thread rests between two collections. It is 10 ms at first, and cannot be less than 1 µs.
    ///
    /// ```
    /// use memzone::reclaim::Reclaimer;
    /// use std::time::Duration;
    ///
    /// let background = Reclaimer::new().spawn();
    /// background.set_period(Duration::from_millis(2));
    /// ```
    ///
    /// # Real-time
    ///
    /// No: it wakes the thread.
    pub fn set_period(&self, period: Duration) {
        self.control.period.store(nanoseconds(period), Ordering::Relaxed);
        self.wake();
    }

    /// Stops the thread and waits for its end. All that was retired before this call is dropped then.
    ///
    /// What is retired later waits for the next [`collect`](super::Reclaimer::collect), another background thread, or
    /// the reclaimer's end. If a destructor stops the very thread that it runs on, this does not wait, and the thread
    /// ends later.
    ///
    /// # Panics
    ///
    /// With the first panic of a destructor on the thread. The thread went on collecting after it.
    ///
    /// # Real-time
    ///
    /// No: it waits.
    pub fn stop(self) {
        drop(self);
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.control.stop.store(true, Ordering::Release);
        self.wake();
        let Some(thread) = self.thread.take() else { return };
        if thread.thread().id() == thread::current().id() {
            return;
        }
        // An error means that the thread was the last owner of the reclaimer's rings, and a destructor panicked at
        // their end.
        let panic = thread.join().unwrap_or_else(Some);
        Tally { panic, ..Tally::default() }.resume_first_panic();
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = Duration::from_nanos(self.control.period.load(Ordering::Relaxed));
        f.debug_struct("Background").field("period", &period).finish_non_exhaustive()
    }
}
