// Leaks a vector that borrows its zone for longer than the zone lives.
use memzone::Zone;

fn notes() -> &'static mut [u8] {
    let zone = Zone::new(1024);
    let mut notes = zone.vec();
    notes.push(60);
    notes.into_slice()
}

fn main() {
    println!("{:?}", notes());
}
