// Makes all slots free while a box has one.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool(8);
    let mut gain = pool.boxed(0.5_f32).unwrap();
    pool.clear();
    *gain += 0.1;
}
