// Drops the handle that a reference was borrowed from.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    drop(zone);
    *gain += 0.1;
}
