//! memzone for C and C++: the functions of `include/memzone.h`.
//!
//! The header is made of these sources, so the comments on what is public are written for C programmers. Each file has
//! one concept. What all share is in `error` (a failure becomes a code, and nothing unwinds into C) and `owner` (which
//! thread may use what is behind a handle).
//!
//! The invariants are I60 and I61 in `docs/design.md`.

#![allow(non_camel_case_types, reason = "the names are those of C")]

mod error;
mod owner;

mod zone;

mod stack;

mod scope;

mod rt;

mod heap;

mod stats;

#[cfg(feature = "extempore")]
pub mod extempore;

pub use error::{mz_error, mz_error_name, mz_last_error, mz_last_error_text, mz_version};
pub use heap::{
    mz_heap, mz_heap_alloc, mz_heap_capacity, mz_heap_dealloc, mz_heap_drain, mz_heap_free,
    mz_heap_new, mz_heap_receive, mz_heap_send, mz_heap_stats, mz_heap_used, mz_read_heap_stats,
};
pub use rt::{
    MZ_UNKNOWN, mz_plan, mz_plan_default, mz_policy, mz_prepared, mz_report, mz_rt_collect,
    mz_rt_enter, mz_rt_leave, mz_rt_prepare, mz_rt_report,
};
pub use scope::{mz_scope, mz_scope_alloc, mz_scope_enter, mz_scope_leave, mz_scope_used};
pub use stack::{mz_alloc, mz_current_zone, mz_depth, mz_peek, mz_pop, mz_push};
pub use stats::{mz_stats, mz_stats_thread, mz_stats_total};
pub use zone::{
    MZ_FIXED, MZ_LOCK, MZ_PREFAULT, mz_hook, mz_zone, mz_zone_alloc, mz_zone_alloc_array,
    mz_zone_build, mz_zone_capacity, mz_zone_contains, mz_zone_free, mz_zone_from_buffer,
    mz_zone_high_water, mz_zone_new, mz_zone_on_cleanup, mz_zone_options, mz_zone_receive,
    mz_zone_remaining, mz_zone_reset, mz_zone_send, mz_zone_used,
};
