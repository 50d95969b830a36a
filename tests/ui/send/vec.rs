// Sends a vector with a zone's handle to a thread.
use allocator_api2::vec::Vec;
use memzone::Zone;

fn main() {
    let mut notes = Vec::new_in(Zone::new(1024));
    notes.push(60_u8);
    std::thread::spawn(move || notes.push(64));
}
