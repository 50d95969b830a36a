// A program has a `::core` of its own, that lies. `signature!` names nothing by that path.
#![forbid(unsafe_code)]
extern crate self as core;

use memzone::{Closure, Zone};
use std::cell::Cell;
use std::ptr::NonNull;

pub mod ops {
    pub use std::ops::*;
}
pub mod ptr {
    pub use std::ptr::*;
}
pub mod mem {
    /// Gives another object than it is given.
    pub fn transmute<A, B: crate::Other>(_: A) -> B {
        B::other()
    }
}

pub trait Other {
    fn other() -> Self;
}

type Object = dyn FnMut(Block<'_>) -> u64;

thread_local! {
    static OTHER: Cell<Option<NonNull<Object>>> = const { Cell::new(None) };
}

impl Other for NonNull<Object> {
    fn other() -> Self {
        OTHER.get().unwrap()
    }
}

pub struct Block<'a>(&'a u64);

memzone::signature!(FnMut(Block<'_>) -> u64);

fn main() {
    let mut gone: Box<Object> = Box::new(|_: Block<'_>| 1);
    OTHER.set(Some(NonNull::from(&mut *gone)));
    drop(gone);
    let zone = Zone::new(1024);
    let mut twice: Closure<'_, Object> = zone.callback(|block: Block<'_>| 2 * block.0);
    assert_eq!(twice(Block(&5)), 10);
}
