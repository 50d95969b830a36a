//! Buffers for `Zone::from_buffer`, which keeps them for ever.

// Not every test binary uses all of it.
#![allow(dead_code, unreachable_pub)]

use std::mem::MaybeUninit;
use std::sync::Mutex;
use std::sync::atomic::AtomicPtr;

/// What stays allocated on purpose, for Miri's search for leaks.
static LEAKED: Mutex<Vec<AtomicPtr<MaybeUninit<u8>>>> = Mutex::new(Vec::new());

/// A buffer of `len` bytes that starts `offset` bytes after a multiple of 64.
pub fn buffer(offset: usize, len: usize) -> &'static mut [MaybeUninit<u8>] {
    let memory = Box::leak(vec![MaybeUninit::uninit(); len + 128].into_boxed_slice());
    LEAKED.lock().unwrap().push(AtomicPtr::new(memory.as_mut_ptr()));
    let skip = memory.as_ptr().addr().wrapping_neg() % 64 + offset;
    &mut memory[skip..skip + len]
}
