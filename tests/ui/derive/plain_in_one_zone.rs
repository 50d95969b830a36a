//! Plain data is its own copy in every zone. A function that keeps what lives for ever is none that takes what does not.
#![forbid(unsafe_code)]

use memzone::__private::InPlace;
use memzone::{DeepCopy, Zone, ZoneError, zcopy};
use std::cell::Cell;

thread_local! {
    static KEPT: Cell<Option<&'static u64>> = const { Cell::new(None) };
}

#[derive(Clone, Copy)]
struct Taker<'a>(fn(&'a u64));

impl<'z> DeepCopy<'z> for Taker<'static> {
    type Copied = Taker<'z>;
    const IN_PLACE: InPlace<Self> = InPlace::flat();
    fn deep_copy(&self, _to: &'z Zone) -> Result<Taker<'z>, ZoneError> {
        unreachable!("its bits are copied")
    }
}

fn main() {
    let zone = Zone::new(4096);
    let taker: Taker<'static> = Taker(|kept| KEPT.set(Some(kept)));
    let copy: &Taker<'_> = zcopy(&&taker, &zone);
    (copy.0)(zone.alloc(5));
    drop(zone);
    println!("{}", KEPT.get().unwrap());
}
