//! A pool: fixed slots for values of one type in a zone.
//!
//! The pool takes one piece of memory from the zone. It holds the values and, behind them, one word for each slot that
//! says who owns the slot. Free slots form a list through those words.
//!
//! A value is reached either through the pool itself or through the one [`PoolBox`] that owns it, never through both.
//! So the pool's own methods skip the slots of boxes. Whatever changes or drops a value of the pool's own takes
//! `&mut Pool`, which the compiler allows only while there is no box.

mod slots;

mod boxed;

mod iter;

mod values;

pub use boxed::PoolBox;
pub use iter::{PoolIter, PoolIterMut};
pub use slots::{PoolFull, PoolKey, PoolKeys};
pub use values::Pool;
