// Of several definitions of a link, the first one counts. These are right in the documentation.
#![cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/picture.md"))]
#![cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "std"), no_std)]
// Much of what rooms offer one another is not called without `std`.
#![cfg_attr(not(feature = "std"), allow(unused_imports, dead_code))]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(target_pointer_width = "16")]
compile_error!("memzone is made for 64-bit and 32-bit systems");
#[cfg(all(feature = "rt-heap", not(target_has_atomic = "ptr")))]
compile_error!("the feature `rt-heap` of memzone needs a processor with compare-and-swap");

// Each folder uses only those above it in this list. Each file uses only the files above it in its folder's list.
// `tests/layers.rs` checks that. The `mod.rs` of each folder says what the folder is for.

mod error;

mod system;

mod insight;

mod region;

mod zone;

mod arena;

#[cfg(feature = "alloc")]
mod stack;

mod owned;

#[cfg(feature = "alloc")]
mod copy;

#[cfg(feature = "alloc")]
mod collections;

#[cfg(feature = "alloc")]
mod scope;

#[cfg(feature = "alloc")]
mod salloc;

mod heap;

#[cfg(feature = "rt-alloc")]
mod rt_alloc;

#[cfg(feature = "alloc")]
mod closure;

#[cfg(feature = "alloc")]
pub mod rt;
#[cfg(not(feature = "alloc"))]
pub mod rt {
    //! Real-time sections: what the program may ask for while it is in one, and what it has asked for.

    pub use crate::error::Request;
    pub use crate::system::section::{Policy, Report, Section, enter, enter_unwatched};

    /// Frees what real-time sections with `Policy::Deny` have put aside, and returns the number of pieces.
    ///
    /// # Real-time
    ///
    /// No: it frees memory. In a section with `Policy::Deny` or `Abort` it does nothing.
    pub fn collect() -> usize {
        crate::system::aside::collect()
    }
}

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
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/picture.md"))]
#[doc = "\n\n## The model in a picture\n\n![The model: a thread's stack of zones, a scope, zones that are sent, kinds of memory][picture]\n"]
pub mod porting {}

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[doc(inline)]
pub use crate::arena::Arena;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::closure::frames::Frames;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[doc(inline)]
pub use crate::closure::hot::{
    Binder, Block, BlockFader, Caller, Fade, Fader, Mix, Sample, hot, try_hot,
};
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::closure::parcel::Parcel;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::closure::signature::Signature;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::closure::zone_fn::{Closure, ZoneFn};
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
pub use crate::collections::OwningVec;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::collections::ZString;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::collections::{CollectIn, FromIteratorIn, ZHeap, ZVec, ZVecIter};
#[cfg(feature = "hashbrown")]
#[doc(inline)]
pub use crate::collections::{OwningMap, ZMap, ZSet};
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::copy::{
    DeepCopy, Keep, Referent, Wire, ZCopy, try_zcopy, try_zcopy_within, zcopy, zcopy_within,
};
#[doc(inline)]
pub use crate::error::{Refused, ZoneError};
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
pub use crate::heap::FromAllocator;
#[doc(inline)]
pub use crate::heap::{HBox, Heap, System, free, halloc_in, halloc_slice_in};
#[cfg(feature = "rt-heap")]
#[doc(inline)]
pub use crate::heap::{HeapStats, RtHeap, SendHeap};
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::heap::{halloc, halloc_slice, try_halloc, try_halloc_slice};
#[cfg(feature = "ledger")]
#[doc(inline)]
pub use crate::insight::ledger;
#[cfg(feature = "std")]
#[doc(inline)]
pub use crate::insight::stats;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::owned::current::{alloc, alloc as zalloc, try_alloc, try_alloc as try_zalloc};
#[doc(inline)]
pub use crate::owned::inline::Inline;
#[doc(inline)]
pub use crate::owned::pool::{Pool, PoolBox, PoolFull, PoolIter, PoolIterMut, PoolKey, PoolKeys};
#[doc(inline)]
pub use crate::owned::zbox::ZBox;
#[doc(inline)]
pub use crate::region::header::Header as RawZone;
#[cfg(feature = "rt-alloc")]
#[doc(inline)]
pub use crate::rt_alloc::RtAlloc;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::salloc::salloc_with;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::scope::{OpenScope, Owned, Shared, try_zcopy_shared, zcopy_shared};
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::stack::{
    destroy_zone, peek_zone, pop_zone, push_new_zone, push_zone, reset_zone, set_default_zone_size,
    set_keep_limit, set_spare_size, trim_spares, try_peek_zone, try_push_new_zone, try_push_zone,
    zone_depth,
};
#[cfg(not(feature = "std"))]
#[doc(inline)]
pub use crate::system::per_thread::claim as claim_thread;
#[cfg(not(feature = "std"))]
#[doc(inline)]
pub use crate::system::stack_bounds::set_stack_bounds;
#[doc(inline)]
pub use crate::zone::{SendZone, Zone, ZoneBuilder};
pub use memzone_macros::{DeepCopy, beginz, letz, salloc, try_beginz, try_letz};
