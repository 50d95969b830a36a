// Puts another zone in the place of the one that is borrowed from.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    zone = Zone::new(2048);
    *gain += zone.capacity() as f32;
}
