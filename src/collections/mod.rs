//! Collections in zones: memzone's own, which need no destructor, and other crates', which own what is in them.
//!
//! `zvec` is the vector that memzone's other collections are made of. `vec` and `map` are other crates' collections
//! with a zone as their allocator (features). `leaving` says how memzone's own are copied to another zone, and `filling`
//! is what all copies are made with.
//!
//! It uses `zone`, `owned` and `copy`. I48 lives here: a vector's places are its own, and what it gives away is none of its items.

#[cfg_attr(
    not(any(
        feature = "allocator-api2",
        feature = "allocator-api2-03",
        feature = "allocator-api2-04"
    )),
    allow(dead_code)
)]
mod filling;

mod zvec;

mod making;

mod text;

mod slices;

mod heap;

#[cfg(any(
    feature = "allocator-api2",
    feature = "allocator-api2-03",
    feature = "allocator-api2-04"
))]
mod vec;

#[cfg(feature = "hashbrown")]
mod map;

#[cfg(feature = "hashbrown")]
mod zmap;

#[cfg(feature = "hashbrown")]
mod zset;

mod leaving;

pub use heap::{ZHeap, ZHeapPeekMut};
pub use making::{CollectIn, FromIteratorIn};
#[cfg(feature = "hashbrown")]
pub use map::OwningMap;
pub use text::ZString;
#[cfg(feature = "allocator-api2")]
pub use vec::OwningVec;
#[cfg(feature = "hashbrown")]
pub use zmap::ZMap;
#[cfg(feature = "hashbrown")]
pub use zset::ZSet;
pub use zvec::{ZVec, ZVecIter};

/// Refuses what needs a destructor at compile time, as memzone's own collections run none (I8).
const fn refuse_drop<T>() {
    assert!(
        !core::mem::needs_drop::<T>(),
        "what goes into this collection needs its destructor run, and the collection runs none: use \
         `zone.owning_vec()` or `zone.owning_map()`, which run it (features `allocator-api2` and `hashbrown`), \
         or `zone.boxed(value)` for a single value"
    );
}
