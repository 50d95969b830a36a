// A collection that outlives the zone that it borrows.
use allocator_api2::vec::Vec;
use memzone::Zone;

fn main() {
    let mut items: Vec<u8, &Zone>;
    {
        let zone = Zone::new(1024);
        items = Vec::new_in(&zone);
    }
    items.push(1);
}
