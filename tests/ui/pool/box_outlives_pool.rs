// Keeps a box longer than its pool, whose zone is still there.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let pool = zone.pool(8);
    let mut gain = pool.boxed(0.5_f32).unwrap();
    drop(pool);
    *gain += 0.1;
}
