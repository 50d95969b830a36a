//! Collections in zones: memzone's own, which need no destructor, and other crates', which own what is in them.
//!
//! `zvec` is the vector that memzone's other collections are made of. `vec` and `map` are other crates' collections
//! with a zone as their allocator (features). `leaving` says how memzone's own are copied to another zone, and `filling`
//! is what all copies are made with.

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

mod leaving;

#[cfg(any(
    feature = "allocator-api2",
    feature = "allocator-api2-03",
    feature = "allocator-api2-04"
))]
mod vec;

#[cfg(feature = "hashbrown")]
mod map;

pub use making::{CollectIn, FromIteratorIn};
#[cfg(feature = "hashbrown")]
pub use map::ZMap;
pub use text::ZString;
#[cfg(feature = "allocator-api2")]
pub use vec::OwningVec;
pub use zvec::{ZVec, ZVecIter};
