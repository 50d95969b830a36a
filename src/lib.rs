// Of several definitions of a link, the first one counts. These are right in the documentation.
#![cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#![doc = include_str!("../README.md")]
// The README's own path to the picture leads nowhere in the documentation.
#![doc = "\n\n## The model in a picture\n"]
#![doc = include_str!("../docs/model.svg")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("memzone is made for 64-bit systems");

// Each folder uses only those above it in this list. Each file uses only the files above it in its folder's list.
// `tests/layers.rs` checks that. The `mod.rs` of each folder says what the folder is for.

mod error;

mod system;

mod insight;

mod region;

mod zone;

mod stack;

mod owned;

mod copy;

mod collections;

mod scope;

mod salloc;

mod heap;

mod closure;

pub mod rt;

#[cfg(feature = "reclaim")]
pub mod reclaim;

// Pages of the documentation. Their examples are tests.

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

#[doc(inline)]
pub use crate::closure::hot::{Binder, Caller, Fader, Mix, hot, try_hot};
#[doc(inline)]
pub use crate::closure::parcel::Parcel;
#[doc(inline)]
pub use crate::closure::zone_fn::{Closure, ZoneFn};
#[cfg(feature = "hashbrown")]
#[doc(inline)]
pub use crate::collections::ZMap;
#[doc(inline)]
pub use crate::collections::ZString;
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
pub use crate::collections::ZVec;
#[doc(inline)]
pub use crate::copy::{
    DeepCopy, Keep, Referent, Wire, ZCopy, try_zcopy, try_zcopy_within, zcopy, zcopy_within,
};
#[doc(inline)]
pub use crate::error::ZoneError;
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
pub use crate::heap::FromAllocator;
#[doc(inline)]
pub use crate::heap::{
    HBox, Heap, System, free, halloc, halloc_in, halloc_slice, halloc_slice_in, try_halloc,
    try_halloc_slice,
};
#[cfg(feature = "rt-heap")]
#[doc(inline)]
pub use crate::heap::{HeapStats, RtHeap, SendHeap};
#[cfg(feature = "ledger")]
#[doc(inline)]
pub use crate::insight::ledger;
#[doc(inline)]
pub use crate::insight::stats;
#[doc(inline)]
pub use crate::owned::current::{alloc, alloc as zalloc, try_alloc, try_alloc as try_zalloc};
#[doc(inline)]
pub use crate::owned::pool::{Pool, PoolBox, PoolFull, PoolIter, PoolIterMut, PoolKey, PoolKeys};
#[doc(inline)]
pub use crate::owned::zbox::ZBox;
#[doc(inline)]
pub use crate::salloc::salloc_with;
#[doc(inline)]
pub use crate::scope::{Owned, Shared, try_zcopy_shared, zcopy_shared};
#[doc(inline)]
pub use crate::stack::{
    destroy_zone, peek_zone, pop_zone, push_new_zone, push_zone, reset_zone, set_default_zone_size,
    set_keep_limit, set_spare_size, trim_spares, try_peek_zone, try_push_new_zone, try_push_zone,
    zone_depth,
};
#[doc(inline)]
pub use crate::zone::{SendZone, Zone, ZoneBuilder};
pub use memzone_macros::{DeepCopy, beginz, letz, salloc, try_beginz, try_letz};
