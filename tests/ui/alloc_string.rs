// Puts a `String` into a zone, which would never free its heap memory.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    zone.alloc("kick".to_string());
}
