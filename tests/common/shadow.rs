//! A shadow of a heap: what is alive there, and with which content.
//!
//! Used by `tests/heap.rs` and `fuzz/fuzz_targets/heap.rs`.

// Not every user uses all of it.
#![allow(dead_code, unreachable_pub)]

use memzone::{HBox, Heap, halloc_slice_in};
use std::ops::Range;

/// The bytes of what a box holds.
pub fn range<T: ?Sized, H: Heap>(value: &HBox<T, H>) -> Range<usize> {
    let start = (&raw const **value).cast::<u8>().addr();
    start..start + size_of_val::<T>(value)
}

/// What is alive, seen from outside: ranges of addresses, which must not overlap, and their content.
pub struct Shadow<H: Heap> {
    pub live: Vec<(HBox<[u8], H>, u8)>,
}

#[derive(Clone, Debug)]
pub enum Step {
    Take(usize, u8),
    Free(usize),
    Write(usize, u8),
}

impl<H: Heap> Shadow<H> {
    pub fn new() -> Self {
        Shadow { live: Vec::new() }
    }

    pub fn run(&mut self, heap: &H, steps: &[Step]) {
        for step in steps {
            self.step(heap, step);
        }
    }

    pub fn step(&mut self, heap: &H, step: &Step) {
        match *step {
            Step::Take(size, fill) => {
                let Ok(taken) = halloc_slice_in(heap, size, fill) else { return };
                let new = range(&taken);
                for (other, _) in &self.live {
                    let other = range(other);
                    assert!(new.end <= other.start || other.end <= new.start, "an overlap");
                }
                self.live.push((taken, fill));
            }
            Step::Free(index) => {
                if !self.live.is_empty() {
                    let (value, fill) = self.live.swap_remove(index % self.live.len());
                    assert!(value.iter().all(|byte| *byte == fill), "the content is still there");
                }
            }
            Step::Write(index, fill) => {
                if let Some(index) = index.checked_rem(self.live.len()) {
                    self.live[index].0.fill(fill);
                    self.live[index].1 = fill;
                }
            }
        }
    }

    pub fn bytes(&self) -> usize {
        self.live.iter().map(|(value, _)| value.len()).sum()
    }

    pub fn check_contents(&self) {
        for (value, fill) in &self.live {
            assert!(value.iter().all(|byte| byte == fill));
        }
    }
}
