// Hides what borrows from the zone in a parameter that is copied bit by bit.
use memzone::{DeepCopy, Zone, zcopy};

#[derive(DeepCopy)]
struct Flat<T: Copy> {
    #[deep_copy(flat)]
    value: T,
}

fn main() {
    let outer = Zone::new(0);
    let copy = {
        let inner = Zone::new(0);
        zcopy(&Flat { value: &*inner.alloc(1) }, &outer)
    };
    println!("{}", copy.value);
}
