// Makes a heap without saying `unsafe`.
use memzone::{Heap, ZoneError};
use std::alloc::Layout;
use std::ptr::NonNull;

struct Nothing;

impl Heap for Nothing {
    type Origin = ();
    fn origin(&self) {}
    fn take(&self, _layout: Layout) -> Result<NonNull<u8>, ZoneError> {
        Ok(NonNull::dangling())
    }
    unsafe fn give_back(_: &(), _: NonNull<u8>, _: Layout) {}
}

fn main() {}
