// Shares an owned value with another thread, which could clone the handle it holds.
use memzone::Zone;

fn main() {
    let gain = Zone::new(1024).boxed(0.5_f32);
    std::thread::scope(|threads| {
        threads.spawn(|| gain.clone());
    });
}
