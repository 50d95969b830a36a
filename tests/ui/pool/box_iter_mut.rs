// Changes the pool's values while a box is alive.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool(8);
    let mut gain = pool.boxed(0.5_f32).unwrap();
    for value in pool.iter_mut() {
        *value = *gain;
    }
    *gain += 0.1;
}
