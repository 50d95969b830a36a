// Hides what borrows from the zone in a parameter that is kept.
use memzone::{DeepCopy, Zone, zcopy};

#[derive(DeepCopy)]
struct Kept<T: Clone> {
    #[deep_copy(keep)]
    value: T,
}

fn main() {
    let outer = Zone::new(0);
    let copy = {
        let inner = Zone::new(0);
        zcopy(&Kept { value: &*inner.alloc(1) }, &outer)
    };
    println!("{}", copy.value);
}
