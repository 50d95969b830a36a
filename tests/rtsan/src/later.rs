//! `reclaim`, `ZoneFn` and `hot`: cases of what is real-time in them.

crate::cases! { CASES:
}
