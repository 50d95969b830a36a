//! Hand values over from a real-time thread to another thread, which may free them.
//!
//! Dropping the last `Arc`, a `Vec` or a `Box` calls `free`, which a real-time thread must not do. It gives such values
//! to a [`Retirer`] instead. That is one move into a ring that was made at the start. A [`Reclaimer`] empties the rings
//! of all its retirers where freeing disturbs nobody: on a thread that calls [`collect`](Reclaimer::collect), or on a
//! [`Background`] thread of its own.
//!
//! ```
//! use memzone::reclaim::{Full, Reclaimer, Retirer};
//! use std::sync::mpsc::{Receiver, channel};
//!
//! /// Plays a buffer that others may replace.
//! struct Player {
//!     samples: Vec<f32>,
//!     position: usize,
//!     replacements: Receiver<Vec<f32>>,
//!     retirer: Retirer,
//!     /// What the ring had no room for.
//!     kept: Option<Vec<f32>>,
//! }
//!
//! impl Player {
//!     /// The audio callback: it frees nothing, whoever replaces the buffer, and how often.
//!     fn process(&mut self, out: &mut [f32]) {
//!         if let Some(old) = self.kept.take() {
//!             self.kept = self.retirer.retire(old).err().map(|Full(old)| old);
//!         }
//!         // A new buffer waits where it is, as long as the old one cannot be handed over.
//!         if self.kept.is_none() {
//!             if let Ok(new) = self.replacements.try_recv() {
//!                 let old = std::mem::replace(&mut self.samples, new);
//!                 self.position = 0;
//!                 self.kept = self.retirer.retire(old).err().map(|Full(old)| old);
//!             }
//!         }
//!         for sample in out {
//!             *sample = self.samples[self.position];
//!             self.position = (self.position + 1) % self.samples.len();
//!         }
//!     }
//! }
//!
//! let reclaimer = Reclaimer::new();
//! let background = reclaimer.spawn();
//! let (replace, replacements) = channel();
//! let samples = vec![0.0; 48_000];
//! let retirer = reclaimer.retirer(16);
//! let mut player = Player { samples, position: 0, replacements, retirer, kept: None };
//!
//! std::thread::spawn(move || {
//!     let mut block = [0.0; 64];
//!     for _ in 0..100 {
//!         player.process(&mut block);
//!     }
//! });
//! replace.send(vec![0.5; 24_000]).ok(); // the first buffer is freed in the background
//! background.stop();
//! ```
//!
//! # Who ends first
//!
//! Either side may end at any time, and each value is dropped exactly once.
//!
//! * When a retirer is dropped, the values in its ring are left to the reclaimer, which frees the ring too.
//! * When the reclaimer and its background threads are gone, all that waits has been collected. Its retirers still
//!   work: their rings take values until they are full. Each retirer drops what is in its ring when it is dropped
//!   itself. So end the real-time thread first, or drop its retirer on another thread.
//!
//! If a destructor panics, all others still run. When a collection is finished, it panics with the first of these
//! panics.

// This folder uses `error` and `system`, and the crate `rtrb` for its rings. I30 to I34 live here: only values that may
// go to another thread are taken, each is dropped exactly once, and a destructor that panics stops no other.

// A value on its way, and its destructor.
mod erased;
mod tally;
// The real-time side.
mod ring;
mod retirer;
// The side that frees.
mod shared;
mod background;
mod reclaimer;

pub use background::Background;
pub use erased::{MAX_ALIGN, MAX_SIZE};
#[doc(alias("basedrop", "Collector", "garbage_collector", "deferred_drop"))]
pub use reclaimer::Reclaimer;
pub use reclaimer::Stats;
pub use retirer::Full;
#[doc(alias("basedrop", "Owned", "deferred_drop"))]
pub use retirer::Retirer;
