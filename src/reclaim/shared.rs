//! What the reclaimer and its background threads share, and how they collect.

#![forbid(unsafe_code)]

use super::ring::{Ring, lock};
use super::tally::{Tally, keep_first};

use crate::rt;
use crate::system::counters::AtomicU64;
use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex};

/// What the reclaimer and its background threads share.
#[derive(Default)]
pub(super) struct SharedRings {
    /// The rings of all retirers that live or have left values behind.
    pub(super) rings: Mutex<Vec<Arc<Ring>>>,
    pub(super) collected: AtomicUsize,
    pub(super) panicked: AtomicUsize,
    /// What the rings that are gone have refused.
    pub(super) refused: AtomicU64,
    /// The threads that are collecting now, by `this_thread`.
    collecting: Mutex<Vec<usize>>,
}

/// A number that no other living thread has. It is an address of a thread-local.
fn this_thread() -> usize {
    thread_local! {
        static HERE: Cell<u8> = const { Cell::new(0) };
    }
    HERE.with(|here| core::ptr::from_ref(here).addr())
}

/// Marks this thread as one that collects.
struct Collecting<'a>(&'a SharedRings);

impl Collecting<'_> {
    /// `None` if this thread is collecting already. Then this call comes from a destructor.
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
    /// Drops all values that wait now. Values that come in meanwhile are left for the next collection, so that this one
    /// ends.
    pub(super) fn collect(&self) -> Tally {
        let mut all = Tally::default();
        let Some(_collecting) = Collecting::begin(self) else { return all };
        // This also frees what real-time sections have put aside.
        if let Err(payload) = catch_unwind(rt::collect) {
            keep_first(&mut all.panic, payload);
        }
        let rings = lock(&self.rings).clone();
        for ring in &rings {
            let (ended, waiting) = {
                let consumer = lock(&ring.waiting);
                // The order matters: a retirer that has ended adds nothing more.
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

    /// Removes the ring of a retirer that has ended, unless another thread has done that already. The ring of one that
    /// lives must stay, or the retirer's end would free it on a real-time thread (I33).
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
