//! Values that count their drops.

// Not every test binary uses all of it.
#![allow(dead_code, unreachable_pub)]

use std::cell::Cell;
use std::rc::Rc;

/// Counts the drops of the values made from it.
#[derive(Clone, Default)]
pub struct Drops(Rc<Cell<usize>>);

/// Adds one to its counter when dropped.
pub struct Counted(Drops);

impl Drops {
    /// How many were dropped.
    pub fn count(&self) -> usize {
        self.0.get()
    }

    /// A value to be counted.
    pub fn value(&self) -> Counted {
        Counted(self.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get() + 1);
    }
}
