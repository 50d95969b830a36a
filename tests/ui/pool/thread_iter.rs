// Moves an iteration to another thread.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool::<f32>(8);
    let values = pool.iter_mut();
    std::thread::scope(|threads| {
        threads.spawn(move || values.count());
    });
}
