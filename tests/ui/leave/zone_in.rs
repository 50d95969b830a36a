// Returns the scope's zone by reference to a zone that is named: a zone does not hold handles.
use memzone::{Zone, beginz};

fn main() {
    let outer = Zone::new(1024);
    let zone: &Zone = beginz!(z in &outer => z);
    zone.alloc(0.5_f32);
}
