//! A box whose memory is a borrowed zone's is leaked for as long as that is borrowed, and no longer.
use memzone::{FromAllocator, HBox, Zone, halloc_in};

fn main() {
    let zone = Zone::new(1024);
    let leaked: &'static mut u32 = HBox::leak(halloc_in(&FromAllocator(&zone), 5).unwrap());
    drop(zone);
    *leaked = 6;
}
