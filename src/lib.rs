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
#[cfg(all(feature = "rt-alloc", not(target_has_atomic = "64")))]
compile_error!("the feature `rt-alloc` of memzone needs a processor with 64-bit atomics");

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
#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[cfg(any(doc, doctest))]
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#[doc = include_str!("../docs/faq.md")]
pub mod faq {}

#[cfg(any(doc, doctest))]
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#[doc = include_str!("../docs/comparison.md")]
pub mod comparison {}

#[cfg(any(doc, doctest))]
#[cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/links.md"))]
#[doc = include_str!("../docs/from-bumpalo.md")]
pub mod from_bumpalo {}

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
#[doc(alias("no_std", "firmware", "embedded", "scratch"))]
pub use crate::arena::Arena;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("double_buffer", "ping_pong", "swap"))]
pub use crate::closure::frames::Frames;
#[cfg(feature = "std")]
#[doc(inline)]
#[doc(alias = "crossfade")]
pub use crate::closure::hot::BlockFader;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[doc(inline)]
#[doc(alias = "crossfade")]
pub use crate::closure::hot::Fader;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[doc(inline)]
#[doc(alias("ArcSwap", "live_coding", "redefine", "triple_buffer"))]
pub use crate::closure::hot::hot;
#[cfg(all(feature = "alloc", target_has_atomic = "ptr"))]
#[doc(inline)]
pub use crate::closure::hot::{Binder, Caller, Mix, try_hot};
#[cfg(feature = "std")]
#[doc(inline)]
pub use crate::closure::hot::{Block, Fade, Sample};
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("ouroboros", "self_cell", "yoke", "self_referential"))]
pub use crate::closure::parcel::Parcel;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::closure::signature::Signature;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("FnMut", "lambda"))]
pub use crate::closure::zone_fn::Closure;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("closure", "FnMut", "std_function", "lambda"))]
pub use crate::closure::zone_fn::ZoneFn;
#[cfg(feature = "hashbrown")]
#[doc(inline)]
#[doc(alias = "HashMap")]
pub use crate::collections::OwningMap;
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
#[doc(alias = "Vec")]
pub use crate::collections::OwningVec;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("BinaryHeap", "priority_queue"))]
pub use crate::collections::ZHeap;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias = "PeekMut")]
pub use crate::collections::ZHeapPeekMut;
#[cfg(feature = "hashbrown")]
#[doc(inline)]
#[doc(alias("HashMap", "unordered_map", "dictionary"))]
pub use crate::collections::ZMap;
#[cfg(feature = "hashbrown")]
#[doc(inline)]
#[doc(alias = "HashSet")]
pub use crate::collections::ZSet;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("String", "BumpString"))]
pub use crate::collections::ZString;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("Vec", "BumpVec", "vector", "ArrayVec"))]
pub use crate::collections::ZVec;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::collections::{CollectIn, FromIteratorIn, ZVecIter};
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("Clone", "deepcopy", "relocate"))]
pub use crate::copy::DeepCopy;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias = "static")]
pub use crate::copy::Keep;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("Cell", "OnceCell", "back_reference"))]
pub use crate::copy::Wire;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("clone", "deep_copy", "deepcopy"))]
pub use crate::copy::zcopy;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::copy::{Referent, ZCopy, try_zcopy, try_zcopy_within, zcopy_within};
#[doc(inline)]
pub use crate::error::{Refused, ZoneError};
#[cfg(feature = "allocator-api2")]
#[doc(inline)]
#[doc(alias("Allocator", "allocator_api"))]
pub use crate::heap::FromAllocator;
#[doc(inline)]
#[doc(alias("Box", "unique_ptr"))]
pub use crate::heap::HBox;
#[doc(inline)]
#[doc(alias = "Allocator")]
pub use crate::heap::Heap;
#[cfg(feature = "rt-heap")]
#[doc(inline)]
#[doc(alias("TLSF", "rlsf", "malloc", "realtime_allocator", "synchronized_pool_resource"))]
pub use crate::heap::RtHeap;
#[doc(inline)]
#[doc(alias("malloc", "GlobalAlloc"))]
pub use crate::heap::System;
#[doc(inline)]
#[doc(alias("delete", "dealloc", "drop"))]
pub use crate::heap::free;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("malloc", "new", "Box", "Point_h"))]
pub use crate::heap::halloc;
#[doc(inline)]
#[doc(alias("malloc", "new_in"))]
pub use crate::heap::halloc_in;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("calloc", "malloc", "new"))]
pub use crate::heap::halloc_slice;
#[doc(inline)]
pub use crate::heap::halloc_slice_in;
#[cfg(feature = "rt-heap")]
#[doc(inline)]
pub use crate::heap::{HeapStats, SendHeap};
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::heap::{try_halloc, try_halloc_slice};
#[cfg(feature = "ledger")]
#[doc(inline)]
pub use crate::insight::ledger;
#[cfg(feature = "std")]
#[doc(inline)]
pub use crate::insight::stats;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("malloc", "push_array"))]
pub use crate::owned::current::alloc;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::owned::current::{alloc as zalloc, try_alloc, try_alloc as try_zalloc};
#[doc(inline)]
#[doc(alias("SmallBox", "StackBox", "stack_dst"))]
pub use crate::owned::inline::Inline;
#[doc(inline)]
#[doc(alias("Slab", "SlotMap", "freelist", "object_pool", "Pool_Allocator"))]
pub use crate::owned::pool::Pool;
#[doc(inline)]
#[doc(alias("Handle", "Index"))]
pub use crate::owned::pool::PoolKey;
#[doc(inline)]
pub use crate::owned::pool::{PoolBox, PoolFull, PoolIter, PoolIterMut, PoolKeys};
#[doc(inline)]
#[doc(alias("Box", "BumpBox", "unique_ptr"))]
pub use crate::owned::zbox::ZBox;
#[doc(inline)]
pub use crate::region::header::Header as RawZone;
#[cfg(feature = "rt-alloc")]
#[doc(inline)]
#[doc(alias("GlobalAlloc", "global_allocator", "malloc"))]
pub use crate::rt_alloc::RtAlloc;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("alloca", "VLA", "stack_alloc", "dynamic_array"))]
pub use crate::salloc::salloc_with;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("Checkpoint", "mark", "begin_arena_temp_memory", "ArenaTemp", "BumpScopeGuard"))]
pub use crate::scope::OpenScope;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("graph", "cycle", "clone_graph"))]
pub use crate::scope::zcopy_shared;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::scope::{Owned, Shared, try_zcopy_shared};
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("llvm_zone_destroy", "destroy_arena"))]
pub use crate::stack::destroy_zone;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("peekz", "current_zone", "context", "temp_allocator", "llvm_peek_zone_stack"))]
pub use crate::stack::peek_zone;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("popz", "llvm_pop_zone_stack"))]
pub use crate::stack::pop_zone;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias = "pushz")]
pub use crate::stack::push_new_zone;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("pushz", "push_allocator", "llvm_push_zone_stack"))]
pub use crate::stack::push_zone;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias("llvm_zone_reset", "free_all"))]
pub use crate::stack::reset_zone;
#[cfg(feature = "alloc")]
#[doc(inline)]
#[doc(alias = "malloc_trim")]
pub use crate::stack::trim_spares;
#[cfg(feature = "alloc")]
#[doc(inline)]
pub use crate::stack::{
    set_default_zone_size, set_keep_limit, set_spare_size, try_peek_zone, try_push_new_zone,
    try_push_zone, zone_depth,
};
#[cfg(not(feature = "std"))]
#[doc(inline)]
pub use crate::system::per_thread::claim_thread;
#[cfg(not(feature = "std"))]
#[doc(inline)]
pub use crate::system::stack_bounds::set_stack_bounds;
#[doc(inline)]
#[doc(alias = "Send")]
pub use crate::zone::SendZone;
#[doc(inline)]
#[doc(alias("arena", "bump", "Bump", "BumpAllocator", "region", "scratch", "pool"))]
#[doc(alias("memzone"))]
#[doc(alias("obstack", "talloc", "llvm_zone_create", "monotonic_buffer_resource"))]
#[doc(alias("ArenaAllocator", "temp_allocator", "temporary_storage"))]
pub use crate::zone::Zone;
#[doc(inline)]
pub use crate::zone::ZoneBuilder;
/// [The trait's documentation](trait@crate::DeepCopy) has the attributes, and an example.
///
#[doc(inline)]
pub use memzone_macros::DeepCopy;
pub use memzone_macros::{beginz, letz, salloc, try_beginz, try_letz};
