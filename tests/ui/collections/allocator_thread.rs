// Sends a collection, and so a handle, to another thread.
use allocator_api2::vec::Vec;
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let items: Vec<u8, Zone> = Vec::new_in(zone.clone());
    std::thread::spawn(move || drop(items));
}
