// Lets a zone's hook hold a handle of the zone.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let handle = zone.clone();
    zone.on_cleanup(move || drop(handle));
}
