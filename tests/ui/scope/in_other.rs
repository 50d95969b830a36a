// Copies to another of two zones than the one that the result is to borrow from.
use memzone::{Zone, beginz};

fn window<'a>(outer: &'a Zone, other: &Zone) -> &'a mut [f32] {
    println!("{}", outer.used());
    beginz!(z in other => z.alloc_slice(64, 0.0_f32))
}

fn main() {}
