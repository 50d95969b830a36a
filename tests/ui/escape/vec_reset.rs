// Resets a zone with a vector in it.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let mut notes = zone.vec();
    notes.push(60_u8);
    let _ = zone.reset();
    notes.push(64);
}
