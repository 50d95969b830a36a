// Returns a reference in a `Cell` without saying where to copy it.
use memzone::beginz;
use std::cell::Cell;

fn main() {
    let shared = beginz!(z => {
        let gain: &f32 = z.alloc(0.5);
        Cell::new(gain)
    });
    println!("{}", shared.get());
}
