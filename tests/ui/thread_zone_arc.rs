// Shares a zone between threads.
use memzone::Zone;
use std::sync::Arc;

fn main() {
    let zone = Arc::new(Zone::new(1024));
    let shared = Arc::clone(&zone);
    std::thread::spawn(move || shared.used());
    zone.alloc(0.5_f32);
}
