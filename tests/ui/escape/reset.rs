// Resets a zone that is borrowed from.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    let _ = zone.reset();
    *gain += 0.1;
}
