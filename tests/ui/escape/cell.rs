// Keeps a reference in a `Cell` longer than the zone lives.
use memzone::Zone;
use std::cell::Cell;

fn main() {
    let shared: Cell<Option<&f32>> = Cell::new(None);
    {
        let zone = Zone::new(1024);
        shared.set(Some(zone.alloc(0.5)));
    }
    println!("{:?}", shared.get());
}
