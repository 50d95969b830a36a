// Moves a box to another thread: its slot would be given back there.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let pool = zone.pool(8);
    let gain = pool.boxed(0.5_f32).unwrap();
    std::thread::scope(|threads| {
        threads.spawn(move || drop(gain));
    });
}
