// A map, without the feature that has maps.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut keys = zone.map();
    keys.insert(60, "c");
}
