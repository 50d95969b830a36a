// Uses a generic type with a parameter that cannot be copied.
use memzone::{DeepCopy, Zone, zcopy};

struct Filter;

#[derive(DeepCopy)]
struct Voice<T> {
    part: T,
}

fn main() {
    let zone = Zone::new(1024);
    let copy = zcopy(&Voice { part: Filter }, &zone);
    drop(copy.part);
}
