// Uses what a `ZBox` held after the `ZBox`.
use memzone::{ZBox, Zone};

fn main() {
    let zone = Zone::new(1024);
    let gain: ZBox<f32> = zone.boxed(0.5);
    let borrowed = &*gain;
    drop(gain);
    println!("{borrowed}");
}
