// Gives a thread a reference into a zone that may end before the thread does.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let samples = zone.alloc_slice(64, 0.0_f32);
    let thread = std::thread::spawn(move || samples.fill(1.0));
    thread.join().unwrap();
}
