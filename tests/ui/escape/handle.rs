// Borrows from one handle and drops it, as if another handle were enough.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let gain = zone.clone().alloc(0.5_f32);
    *gain += 0.1;
}
