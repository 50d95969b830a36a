// Keeps a reference into a box that gives its slot back.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let pool = zone.pool(8);
    let mut gain = pool.boxed(0.5_f32).unwrap();
    let value = &mut *gain;
    drop(gain);
    *value += 0.1;
}
