// Moves an owned value to another thread: its handle is counted without atomics.
use memzone::Zone;

fn main() {
    let gain = Zone::new(1024).boxed(0.5_f32);
    std::thread::spawn(move || *gain);
}
