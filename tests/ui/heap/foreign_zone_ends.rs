// A block of a heap that is a borrowed zone outlives the zone.
use memzone::{FromAllocator, Zone, halloc_in};

fn main() {
    let block = {
        let zone = Zone::new(1024);
        halloc_in(&FromAllocator(&zone), 5_u32).unwrap()
    };
    println!("{block}");
}
