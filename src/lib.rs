// The first definition of a link counts: here those that are right in the documentation.
#![cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#![doc = include_str!("../README.md")]
// Where the README's path to it leads nowhere.
#![doc = "\n\n## The model in a picture\n"]
#![doc = include_str!("../docs/model.svg")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("memzone is made for 64-bit systems");

// In the order of their building on one another: a file uses only what stands above it, but for
// methods of `Zone` that are found beside their concept.
mod error;

mod system;

mod stale;

mod section;

#[cfg(feature = "ledger")]
pub mod ledger;
#[cfg(not(feature = "ledger"))]
mod ledger;

pub mod stats;

mod aside;

mod bump;

mod block;

mod zone;

mod alloc;

#[cfg(any(
    feature = "allocator-api2",
    feature = "allocator-api2-03",
    feature = "allocator-api2-04"
))]
mod allocator;

#[cfg(feature = "bytemuck")]
mod zeroed;

mod stack;

mod owner;

mod zbox;

mod stack_limit;

mod deep_copy;

mod collections;

mod profile;

mod scope;

mod salloc;

mod heap;

mod pool;

mod zone_fn;

mod parcel;

mod hot;

pub mod rt;

pub mod reclaim;

// Pages of the documentation, and tests.

#[cfg(any(doc, doctest))]
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

#[cfg(any(doc, doctest))]
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#[doc = include_str!("../docs/realtime.md")]
pub mod realtime {}

#[cfg(any(doc, doctest))]
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#[doc = include_str!("../docs/porting.md")]
#[doc = "\n\n## The model in a picture\n"]
#[doc = include_str!("../docs/model.svg")]
pub mod porting {}

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(feature = "hashbrown")]
#[doc(inline)]
pub use crate::collections::ZMap;
#[doc(inline)]
pub use crate::collections::ZString;
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
pub use crate::collections::ZVec;
#[doc(inline)]
pub use crate::deep_copy::{DeepCopy, Keep, try_zcopy, zcopy};
#[doc(inline)]
pub use crate::error::ZoneError;
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
pub use crate::heap::FromAllocator;
#[doc(inline)]
pub use crate::heap::{
    HBox, Heap, HeapStats, RtHeap, SendHeap, System, free, halloc, halloc_in, halloc_slice,
    halloc_slice_in, try_halloc, try_halloc_slice,
};
#[doc(inline)]
pub use crate::hot::{Binder, Caller, Fader, Mix, hot, try_hot};
#[doc(inline)]
pub use crate::parcel::Parcel;
#[doc(inline)]
pub use crate::pool::{Pool, PoolBox, PoolFull, PoolIter, PoolIterMut, PoolKey, PoolKeys};
#[doc(inline)]
pub use crate::salloc::salloc_with;
#[doc(inline)]
pub use crate::scope::Owned;
#[doc(inline)]
pub use crate::stack::{
    alloc, alloc as zalloc, destroy_zone, peek_zone, pop_zone, push_new_zone, push_zone,
    reset_zone, set_keep_limit, try_alloc, try_alloc as try_zalloc, try_peek_zone,
    try_push_new_zone, try_push_zone, zone_depth,
};
#[doc(inline)]
pub use crate::zbox::ZBox;
#[doc(inline)]
pub use crate::zone::{SendZone, Zone, ZoneBuilder};
#[doc(inline)]
pub use crate::zone_fn::{Closure, ZoneFn};
pub use memzone_macros::{DeepCopy, beginz, letz, salloc, try_beginz, try_letz};
