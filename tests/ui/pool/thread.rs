// Moves a pool to another thread, while this one may use its zone.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool::<f32>(8);
    std::thread::scope(|threads| {
        threads.spawn(move || pool.insert(0.5).is_ok());
    });
}
