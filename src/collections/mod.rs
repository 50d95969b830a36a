//! Collections of other crates in zones: how they are made, and how they leave a scope.

#[cfg(any(
    feature = "allocator-api2",
    feature = "allocator-api2-03",
    feature = "allocator-api2-04"
))]
mod filling;

mod text;

#[cfg(any(
    feature = "allocator-api2",
    feature = "allocator-api2-03",
    feature = "allocator-api2-04"
))]
mod vec;

#[cfg(feature = "hashbrown")]
mod map;

#[cfg(feature = "hashbrown")]
pub use map::ZMap;
pub use text::ZString;
#[cfg(feature = "allocator-api2")]
pub use vec::ZVec;
