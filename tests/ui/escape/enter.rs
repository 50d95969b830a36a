// Returns what was borrowed from the current zone out of `Zone::enter`.
use memzone::{Zone, peek_zone};

fn main() {
    let zone = Zone::new(1024);
    let gain = zone.enter(|| {
        let current = peek_zone();
        current.alloc(0.5_f32)
    });
    *gain += 0.1;
}
