// Lets two threads take slots of one pool.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let pool = zone.pool::<f32>(8);
    std::thread::scope(|threads| {
        threads.spawn(|| pool.boxed(0.5).is_ok());
    });
}
