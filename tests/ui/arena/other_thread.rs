//! An arena belongs to its thread, and so to the code that is no interrupt handler, or to one that is.

use memzone::{Arena, beginz};

static SHARED: Option<Arena<2>> = None;

fn main() {
    let arena = Arena::<2>::new(4096).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| beginz!(_ of arena => ()));
    });
}
