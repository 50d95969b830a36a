// A vector in the zone itself ends with the zone's memory.
use memzone::{Zone, zvec};

fn main() {
    let mut zone = Zone::new(1024);
    let notes = zone.alloc(zvec![in zone; 60, 64]);
    zone.reset().unwrap();
    notes.push(67);
}
