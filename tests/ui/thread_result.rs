// Takes a zone back from a thread as it is, not as a `SendZone`.
use memzone::Zone;

fn main() {
    let thread = std::thread::spawn(|| Zone::new(1024));
    thread.join().unwrap().alloc(0.5_f32);
}
