// Returns the scope's zone by reference.
use memzone::{Zone, beginz};

fn main() {
    let zone: &Zone = beginz!(z => z);
    zone.alloc(0.5_f32);
}
