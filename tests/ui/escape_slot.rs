// Puts a reference that lives shortly into a place in a zone that lives longer.
use memzone::Zone;
use std::cell::Cell;

fn main() {
    let zone = Zone::new(1024);
    let slot = zone.alloc(Cell::new(None::<&f32>));
    {
        let gain = 0.5_f32;
        slot.set(Some(&gain));
    }
    println!("{:?}", slot.get());
}
