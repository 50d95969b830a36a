// Resets a zone that a pool has its slots in.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let mut pool = zone.pool::<f32>(8);
    let _ = zone.reset();
    let _ = pool.insert(0.5);
}
