// Destroys a zone that is borrowed from.
use memzone::{Zone, destroy_zone};

fn main() {
    let zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    let _ = destroy_zone(zone);
    *gain += 0.1;
}
