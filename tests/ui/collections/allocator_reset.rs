// Rewinds a zone that a collection lives in.
use allocator_api2::vec::Vec;
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let mut items = Vec::new_in(&zone);
    items.push(1_u8);
    zone.reset().unwrap();
    items.push(2);
}
