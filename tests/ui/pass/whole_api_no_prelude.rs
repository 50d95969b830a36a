//! All of it without unsafe code, without a prelude, from macros inside macros, and with a user's
//! variables named like those inside.
#![forbid(unsafe_code)]
#![no_implicit_prelude]

use ::core::assert_eq;
use ::core::result::Result::{self, Ok};
use ::memzone::{Parcel, RtHeap, Zone, ZoneError, ZoneFn, hot, reclaim, rt};

/// A scope in a scope of the caller's, with the caller's expressions in both.
macro_rules! nested {
    ($zone:ident, $value:expr, $outer:expr) => {
        ::memzone::beginz!($zone in $outer => {
            let scope = $value;
            let inner = ::memzone::letz!(value = [scope; 4], zone = scope => value[3] + *zone);
            macro_rules! again {
                ($bytes:expr) => {
                    ::memzone::try_letz!($bytes, place = $value => *place + inner)
                };
            }
            &*$zone.alloc_slice(2, again!(64).ok().into_iter().sum::<u64>())
        })
    };
}

use ::core::iter::{IntoIterator as _, Iterator as _};

fn main() -> Result<(), ZoneError> {
    let (scope, value, bytes, error, place) = (1_u64, 2_u64, 3_u64, 4_u64, 5_u64);
    let outer = Zone::new(1024);
    let found = nested!(zone, scope + value + bytes + error + place, &outer);
    assert_eq!(found, [45, 45]);

    let zone = 7_u64;
    let [stack] = ::memzone::salloc![zone; 1];
    assert_eq!(*stack + scope, 8);
    let text = ::memzone::zformat!(outer, "{zone}{value}{error}");
    assert_eq!(text, "724");

    let table = || ZoneFn::new(1024, |outer| {
        let value = outer.alloc_slice(4, 1_u64);
        outer.closure(move |error: u64| value[0] + error)
    });
    let (mut caller, binder) = hot(table());
    binder.rebind(table());
    assert_eq!((caller(place), binder.reclaim()), (6, 1));

    let parcel = Parcel::<&[u64]>::new(1024, |scope| scope.alloc_slice(4, 1_u64));
    assert_eq!(parcel.with(|value| value.len()), 4);

    let heap = RtHeap::new(4096);
    let block = ::memzone::halloc_in(&heap, bytes)?;
    let mut pool = outer.pool::<u64>(2);
    let key = pool.insert(*block).ok();
    assert_eq!(key.and_then(|key| pool.remove(key)), ::core::option::Option::Some(3));

    let reclaimer = reclaim::Reclaimer::new();
    let mut retirer = reclaimer.retirer(2);
    assert_eq!((retirer.retire(error).is_ok(), reclaimer.collect()), (true, 1));
    rt::prepare_thread(&rt::Plan::new())?;
    Ok(())
}
