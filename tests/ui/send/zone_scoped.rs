// Lets two threads allocate in one zone at a time.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    std::thread::scope(|threads| {
        threads.spawn(|| zone.alloc(0.5_f32));
        zone.alloc(0.5_f32);
    });
}
