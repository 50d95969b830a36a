// Swaps the zone that is borrowed from for another one and resets it there.
use memzone::Zone;

fn main() {
    let mut one = Zone::new(1024);
    let mut other = Zone::new(1024);
    let gain = one.alloc(0.5_f32);
    std::mem::swap(&mut one, &mut other);
    let _ = other.reset();
    *gain += 0.1;
}
