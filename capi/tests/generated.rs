//! What generated code of Extempore's does, in Rust, so that Miri can look at it. `tests/c/extempore.c` has all of it.

#![cfg(feature = "extempore")]

use memzone_capi::extempore::*;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::thread;

/// The fields that generated code knows.
#[repr(C)]
struct Fields {
    memory: *mut c_void,
    offset: u64,
    mark: u64,
    size: u64,
    cleanup_hooks: *mut c_void,
    memories: *mut mzone,
}

/// Where the zone's offset is.
fn offset_of(zone: *mut mzone) -> *mut u64 {
    // SAFETY: (I61) the tests' zones are alive and this thread's.
    unsafe { &raw mut (*zone.cast::<Fields>()).offset }
}

fn offset(zone: *mut mzone) -> u64 {
    // SAFETY: (I61) as above.
    unsafe { offset_of(zone).read_volatile() }
}

/// The inlined reset.
fn reset(zone: *mut mzone) {
    // SAFETY: (I61) as above.
    unsafe { offset_of(zone).write_volatile(0) };
}

/// Takes memory, looks that it is zero, and fills it.
fn allocate(zone: *mut mzone, size: u64) -> *mut u8 {
    // SAFETY: (I61) as above.
    let place = unsafe { llvm_zone_malloc(zone, size) }.cast::<u8>();
    assert_eq!(place.addr() % 32, 0);
    for at in 0..size as usize {
        // SAFETY: (I61) it was just taken.
        let byte = unsafe { place.add(at) };
        // SAFETY: (I61) as above.
        assert_eq!(unsafe { byte.read() }, 0);
        // SAFETY: (I61) as above.
        unsafe { byte.write(0xEE) };
    }
    // SAFETY: (I61) as above.
    assert_eq!(unsafe { llvm_zone_ptr_size(place.cast()) }, size);
    place
}

fn destroy(zone: *mut mzone) {
    // SAFETY: (I61) the tests do not use it any more.
    unsafe { llvm_zone_destroy(zone) };
}

fn push(zone: *mut mzone) {
    // SAFETY: (I61) as above.
    unsafe { llvm_push_zone_stack_extern(zone) };
}

#[test]
fn zones_of_any_size_grow_and_are_reset() {
    for size in [0, 1, 33, 100, 1000] {
        let zone = llvm_zone_create_extern(size);
        let mut first = null_mut();
        for round in 0..3 {
            let start = allocate(zone, 24);
            assert!(round == 0 || start == first);
            first = start;
            for size in [0, 1, 31, 32, 33, 300, 700] {
                let place = allocate(zone, size);
                // SAFETY: (I61) as above.
                assert!(unsafe { llvm_ptr_in_zone(zone, place.cast()) });
            }
            assert!(offset(zone) > 1100);
            reset(zone);
            // SAFETY: (I61) as above.
            assert!(!unsafe { llvm_ptr_in_zone(zone, first.cast()) });
        }
        destroy(zone);
    }
}

#[test]
fn a_stack_holds_zones_of_its_thread_and_ends_with_it() {
    let made = thread::spawn(|| {
        assert!(llvm_pop_zone_stack().is_null());
        let bottom = llvm_peek_zone_stack_extern();
        let doomed = llvm_zone_create_extern(10);
        for _ in 0..70 {
            push(doomed);
        }
        destroy(doomed);
        for _ in 0..70 {
            assert!(llvm_pop_zone_stack().is_null());
        }
        assert_eq!(llvm_peek_zone_stack_extern(), bottom);
        let callback = llvm_zone_callback_setup();
        assert_eq!(llvm_peek_zone_stack_extern(), callback);
        allocate(callback, 10);
        // Left on the stack; and one that another thread destroys.
        let zone = llvm_zone_create_extern(100);
        push(zone);
        AtomicPtr::new(zone)
    });
    let zone = made.join().unwrap().load(Ordering::Acquire);
    push(zone);
    assert_eq!(llvm_zone_malloc_from_current_zone(8).addr() % 32, 0);
    assert_eq!(llvm_pop_zone_stack(), zone);
    destroy(zone);
    destroy(zone);
}

#[test]
fn what_was_destroyed_is_made_again_as_if_it_were_new() {
    let zones: Vec<*mut mzone> = (0..40).map(|_| llvm_zone_create_extern(500)).collect();
    for &zone in &zones {
        allocate(zone, 100);
        allocate(zone, 100_000);
        destroy(zone);
    }
    let large = llvm_zone_create_extern(200_000);
    destroy(large);
    assert_eq!(llvm_zone_create_extern(150_000), large);
    destroy(large);
    let again = llvm_zone_create_extern(500);
    assert!(zones.contains(&again) && offset(again) == 0);
    allocate(again, 400);
    destroy(again);
}
