// Sends a block to another thread, whose memory goes back to a zone of this one.
use memzone::{FromAllocator, Zone, halloc_in};

fn main() {
    let block = halloc_in(&FromAllocator(Zone::new(1024)), 5_u32).unwrap();
    std::thread::spawn(move || drop(block));
}
