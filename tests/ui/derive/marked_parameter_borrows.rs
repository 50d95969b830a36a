// Says of a parameter that it stays, and gives it what borrows from the zone.
use memzone::{DeepCopy, Zone, zcopy};

#[derive(DeepCopy)]
struct Marked<#[deep_copy(keep)] T: for<'z> DeepCopy<'z, Copied = T>> {
    value: T,
}

fn main() {
    let outer = Zone::new(0);
    let copy = {
        let inner = Zone::new(0);
        zcopy(&Marked { value: &*inner.alloc(1) }, &outer)
    };
    println!("{}", copy.value);
}
