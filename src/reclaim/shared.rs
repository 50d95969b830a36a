//! What the reclaimer and its background threads share, and one collection.

#![forbid(unsafe_code)]

use super::ring::{Ring, lock};
use super::tally::{Tally, keep_first};
use crate::system::aside;
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex};

/// What the reclaimer and its background threads share.
#[derive(Default)]
pub(super) struct SharedRings {
    /// Those of all retirers that live, or have left something.
    pub(super) rings: Mutex<Vec<Arc<Ring>>>,
    pub(super) collected: AtomicUsize,
    pub(super) panicked: AtomicUsize,
    /// By the rings that are gone.
    pub(super) refused: AtomicU64,
    /// The threads that collect just now, by `this_thread`.
    collecting: Mutex<Vec<usize>>,
}

/// What no other thread that lives has: an address of this one's.
fn this_thread() -> usize {
    thread_local! {
        static HERE: Cell<u8> = const { Cell::new(0) };
    }
    HERE.with(|here| core::ptr::from_ref(here).addr())
}

/// That this thread collects.
struct Collecting<'a>(&'a SharedRings);

impl Collecting<'_> {
    /// None: it does already, and this is in a destructor.
    fn begin(shared: &SharedRings) -> Option<Collecting<'_>> {
        let mut collecting = lock(&shared.collecting);
        if collecting.contains(&this_thread()) {
            return None;
        }
        collecting.push(this_thread());
        Some(Collecting(shared))
    }
}

impl Drop for Collecting<'_> {
    fn drop(&mut self) {
        lock(&self.0.collecting).retain(|&thread| thread != this_thread());
    }
}

impl SharedRings {
    /// Drops all that waits now. What comes in meanwhile is left for the next time, so that it ends.
    pub(super) fn collect(&self) -> Tally {
        let mut all = Tally::default();
        let Some(_collecting) = Collecting::begin(self) else { return all };
        // What real-time sections have put aside too.
        if let Err(payload) = catch_unwind(aside::collect) {
            keep_first(&mut all.panic, payload);
        }
        let rings = lock(&self.rings).clone();
        for ring in &rings {
            let (ended, waiting) = {
                let consumer = lock(&ring.waiting);
                // In this order: nothing more comes from a retirer that has ended.
                (consumer.is_abandoned(), consumer.slots())
            };
            let mut tally = Tally::default();
            ring.drop_waiting(waiting, &mut tally);
            self.collected.fetch_add(tally.dropped, Ordering::Relaxed);
            self.panicked.fetch_add(tally.panicked, Ordering::Relaxed);
            all.dropped += tally.dropped;
            if let Some(payload) = tally.panic {
                keep_first(&mut all.panic, payload);
            }
            if ended {
                self.remove(ring);
            }
        }
        all
    }

    /// Takes the ring of a retirer that has ended off the list, unless someone else just did.
    fn remove(&self, ring: &Arc<Ring>) {
        let mut rings = lock(&self.rings);
        if let Some(index) = rings.iter().position(|other| Arc::ptr_eq(other, ring)) {
            rings.swap_remove(index);
            self.refused.fetch_add(ring.refused.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

impl Drop for SharedRings {
    fn drop(&mut self) {
        self.collect().resume_first_panic();
    }
}
