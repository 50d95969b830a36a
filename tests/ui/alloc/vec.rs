// Puts an owning vector by reference into the zone that it is in, where nobody would drop it.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let notes = zone.owning_vec::<u8>();
    zone.alloc(notes);
}
