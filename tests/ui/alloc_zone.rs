// Puts a handle of a zone into the zone, which would then never end.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    zone.alloc(zone.clone());
}
