// Bounds a parameter by what its copy does not meet.
use memzone::{DeepCopy, Zone, zcopy};

trait Source {}

impl Source for &'static f32 {}

#[derive(DeepCopy)]
struct Voice<T: Source> {
    part: T,
}

fn main() {
    let zone = Zone::new(1024);
    zcopy(&Voice { part: &0.5_f32 }, &zone);
}
