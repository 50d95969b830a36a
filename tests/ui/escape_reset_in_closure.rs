// Resets a zone in a closure while a reference into it is still to be used.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    let mut begin_block = || zone.reset();
    let _ = begin_block();
    *gain += 0.1;
}
