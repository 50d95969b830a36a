// Resets the zone that a scope's value was copied to.
use memzone::{Zone, beginz};

fn main() {
    let mut outer = Zone::new(1024);
    let gain = beginz!(z in &outer => z.alloc(0.5_f32));
    let _ = outer.reset();
    *gain += 0.1;
}
