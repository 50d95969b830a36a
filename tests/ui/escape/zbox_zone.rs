// Borrows from the zone that a `ZBox` holds, and drops the `ZBox`.
use memzone::{ZBox, Zone};

fn main() {
    let boxed: ZBox<f32> = Zone::new(1024).boxed(0.5);
    let gain = ZBox::zone(&boxed).alloc(0.5_f32);
    drop(boxed);
    *gain += 0.1;
}
