//! The symbols that Extempore's generated code calls, on memzone's zones.
//!
//! Generated code reads and writes some fields of a zone itself, so `zone` has the layout that it was compiled for. `thread`
//! has what each thread keeps: its stack of zones, and the zones that it will use again. This file has the symbols.
//! Four functions that the program's own C++ calls are in `capi/extempore/names.cpp`, as their names are mangled.
//!
//! A zone belongs to one thread at a time, and goes from one to another as the program hands it over (I61). Nothing here
//! takes a lock, and what a zone costs does not depend on other threads.

mod zone;

mod thread;

pub use thread::memzone_extempore_keep_zones;
pub use zone::mzone;

use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use std::io::Write;

/// The bytes in front of each allocation. The last 8 of them hold its size.
const HEADER: usize = 32;

/// Each allocation, and its header, is a multiple of this, and aligned to it.
const ALIGN: usize = 32;

/// A zone of the generated code's.
///
/// # Safety
///
/// I61: the zone is null, or alive and the calling thread's.
#[inline(always)]
unsafe fn of<'a>(zone: *mut mzone) -> Option<&'a mzone> {
    // SAFETY: (I61) the caller's promise.
    unsafe { zone.as_ref() }
}

fn pointer(zone: &mzone) -> *mut mzone {
    (&raw const *zone).cast_mut()
}

/// Takes `size` bytes in a zone, all zero, behind a header with the size. A null zone stands for the current one. It never
/// gives null: where the system has no memory, the program ends with a message, as callers look at nothing.
///
/// # Safety
///
/// I61: `zone` is null, or alive and the calling thread's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llvm_zone_malloc(zone: *mut mzone, size: u64) -> *mut c_void {
    /// Apart, so that what is called for each allocation does not look at the thread.
    #[cold]
    extern "C" fn allocate_in_current(size: u64) -> *mut c_void {
        thread::peek().allocate(size)
    }
    // SAFETY: (I61) the caller's promise.
    match unsafe { of(zone) } {
        Some(zone) => zone.allocate(size),
        None => allocate_in_current(size),
    }
}

/// Takes `size` bytes in the current zone, as `llvm_zone_malloc`.
#[unsafe(no_mangle)]
pub extern "C" fn llvm_zone_malloc_from_current_zone(size: u64) -> *mut c_void {
    thread::peek().allocate(size)
}

/// Makes a zone with room for `size` bytes, which may be 0.
#[unsafe(no_mangle)]
pub extern "C" fn llvm_zone_create_extern(size: u64) -> *mut mzone {
    thread::create(size)
}

/// Ends a zone, on whichever thread has it. Its hooks are the generated code's to run. Null, a thread's default and
/// callback zones, and a zone that was ended before and is not in use again, are left as they are.
///
/// # Safety
///
/// I61: `zone` is null, or the calling thread's, and nobody uses what is in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llvm_zone_destroy(zone: *mut mzone) {
    // SAFETY: (I61) the caller's promise.
    if let Some(zone) = unsafe { of(zone) } {
        thread::destroy(zone);
    }
}

/// Rewinds a zone, as the inlined reset does by setting the offset to 0. Called by `names.cpp`.
///
/// # Safety
///
/// I61: `zone` is null, or alive and the calling thread's, and nobody uses what is in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memzone_extempore_reset(zone: *mut mzone) -> *mut mzone {
    // SAFETY: (I61) the caller's promise.
    if let Some(zone) = unsafe { of(zone) } {
        zone.rewind();
    }
    zone
}

/// The current zone: the one on top of the thread's stack, or else the thread's default zone.
#[unsafe(no_mangle)]
pub extern "C" fn llvm_peek_zone_stack_extern() -> *mut mzone {
    pointer(thread::peek())
}

/// Pushes a zone on the thread's stack.
///
/// # Safety
///
/// I61: `zone` is null, or alive and the calling thread's until it is popped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llvm_push_zone_stack_extern(zone: *mut mzone) {
    // SAFETY: (I61) the caller's promise.
    if let Some(zone) = unsafe { of(zone) } {
        thread::push(zone);
    }
}

/// Pops the zone on top of the thread's stack. Null where nothing is pushed, and for a zone that was destroyed since.
#[unsafe(no_mangle)]
pub extern "C" fn llvm_pop_zone_stack() -> *mut mzone {
    thread::pop()
}

/// The thread's callback zone, pushed and reset.
#[unsafe(no_mangle)]
pub extern "C" fn llvm_zone_callback_setup() -> *mut mzone {
    let zone = thread::callback_zone();
    zone.rewind();
    thread::push(zone);
    pointer(zone)
}

/// Whether a pointer points into a zone's memory.
///
/// # Safety
///
/// I61: `zone` is null, or alive and the calling thread's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llvm_ptr_in_zone(zone: *mut mzone, pointer: *mut c_void) -> bool {
    // SAFETY: (I61) the caller's promise.
    unsafe { of(zone) }.is_some_and(|zone| zone.contains(pointer))
}

/// Whether a pointer points into the current zone's memory.
#[unsafe(no_mangle)]
pub extern "C" fn llvm_ptr_in_current_zone(pointer: *mut c_void) -> bool {
    thread::peek().contains(pointer)
}

/// The size in an allocation's header.
///
/// # Safety
///
/// `pointer` is null, or has a header in front of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llvm_zone_ptr_size(pointer: *mut c_void) -> u64 {
    let Some(pointer) = NonNull::new(pointer.cast::<u64>()) else { return 0 };
    // SAFETY: (I61) the caller's promise.
    let place = unsafe { pointer.sub(1) };
    // SAFETY: (I61) the caller's promise: a header is there. Another runtime's may be aligned to less.
    unsafe { place.read_unaligned() }
}

/// Copies what is at `from` to `to`, if both have the same size, which is not 0. The answer is whether it did *not*.
///
/// # Safety
///
/// Both are null, or have a header with their size in front of them, and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llvm_zone_copy_ptr(from: *mut c_void, to: *mut c_void) -> bool {
    // SAFETY: (I61) the caller's promise.
    let size = unsafe { llvm_zone_ptr_size(from) };
    // SAFETY: (I61) the caller's promise.
    if size == 0 || unsafe { llvm_zone_ptr_size(to) } != size {
        return true;
    }
    // SAFETY: (I61) the caller's promise: both have that many bytes. (`copy`, as they may be the same.)
    unsafe { to.cast::<u8>().copy_from(from.cast::<u8>(), size as usize) };
    false
}

/// Prints a zone's address, size, free bytes and segments.
///
/// # Safety
///
/// I61: `zone` is null, or alive and the calling thread's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn llvm_zone_print(zone: *mut mzone) {
    // SAFETY: (I61) the caller's promise.
    let Some(found) = (unsafe { of(zone) }) else { return };
    let (size, free, segments) = (found.capacity(), found.left(), found.segments());
    // Where nobody reads it, there is nothing to do about it.
    let _ = writeln!(
        std::io::stdout(),
        "<MemoryZone {zone:p}: size {size}, free {free}, segments {segments}>"
    );
}

/// Says why the program ends, and ends it.
#[cold]
#[inline(never)]
fn out_of_memory(bytes: u64, error: memzone::ZoneError) -> ! {
    let _ = writeln!(
        std::io::stderr(),
        "memzone: a zone of Extempore's was asked for {bytes} bytes, and there are none: {error}"
    );
    std::process::abort()
}

/// The end of a list.
const NONE: *mut mzone = null_mut();
