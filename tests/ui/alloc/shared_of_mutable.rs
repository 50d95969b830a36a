// What a zone gives is `&mut`, and a vector of it is no vector of `&`.
use memzone::{ZVec, Zone};

fn names<'z>(zone: &'z Zone) -> ZVec<'z, &'z str> {
    let mut names = zone.vec();
    names.push(zone.alloc_str("kick"));
    names
}

fn main() {
    names(&Zone::new(1024));
}
