//! Fixed slots for values of one type in a zone.
//!
//! The zone gives one piece of memory: the values, and behind them a word for each slot that says
//! who has it. Free slots are a list through those words. A value is reached in two ways that
//! exclude each other: by the pool itself, or by the one [`PoolBox`] that owns it. So the pool's
//! own methods skip a box's slot, and all that ends or changes a value of the pool's takes
//! `&mut Pool`, which the compiler allows only while there is no box.

mod slots;

mod boxed;

mod iter;

mod values;

pub use boxed::PoolBox;
pub use iter::{PoolIter, PoolIterMut};
pub use slots::{PoolFull, PoolKey, PoolKeys};
pub use values::Pool;
