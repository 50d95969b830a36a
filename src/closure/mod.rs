//! What owns its zone and goes from thread to thread: closures, parcels, and closures that are redefined while
//! they play.
//!
//! It uses `zone`, `copy` and `heap`. I11 to I13 live here.

// One after the other uses those before it.
pub(crate) mod zone_fn;
pub(crate) mod parcel;
pub(crate) mod hot;
