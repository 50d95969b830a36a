//! Threads see a wire only if they may see its value.
use memzone::{Wire, Zone};
use std::cell::Cell;

fn main() {
    let zone = Zone::new(1024);
    let wire = Wire::to(&*zone.alloc(Cell::new(1)));
    std::thread::scope(|threads| {
        threads.spawn(|| wire.get().unwrap().set(2));
    });
}
