// Puts a reference into the scope's zone into a `Cell` outside.
use memzone::beginz;
use std::cell::Cell;

fn main() {
    let shared: Cell<Option<&f32>> = Cell::new(None);
    beginz!(z => shared.set(Some(z.alloc(0.5))));
    println!("{:?}", shared.get());
}
