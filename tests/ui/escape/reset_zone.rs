// `reset_zone` asks for the same as `Zone::reset`.
use memzone::{Zone, reset_zone};

fn main() {
    let mut zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    let _ = reset_zone(&mut zone);
    *gain += 0.1;
}
