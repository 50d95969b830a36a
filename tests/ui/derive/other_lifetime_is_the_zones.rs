// Says that the zone's lifetime is another one: what borrows from the zone would stay.
use memzone::{DeepCopy, Zone, zcopy};

#[derive(DeepCopy)]
#[deep_copy(zone = 'other)]
struct Line<'z, 'other> {
    samples: &'z [f32],
    name: &'other str,
}

fn main() {
    let outer = Zone::new(0);
    let copy = {
        let inner = Zone::new(0);
        zcopy(&Line { samples: inner.alloc_slice(3, 0.5), name: "line" }, &outer)
    };
    println!("{:?} {}", copy.samples, copy.name);
}
