// Gives the pool a value while the others are worked through.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool::<f32>(8);
    for value in &mut pool {
        let _ = pool.insert(*value + 0.5);
    }
}
