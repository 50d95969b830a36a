//! What finds a stale pointer, made by `unsafe` code that breaks its promise: AddressSanitizer, Miri, and in
//! a debug build the bytes themselves. Each case keeps a pointer to memory that its zone has taken back, and
//! still holds.
//!
//! `.ci/asan` and `.ci/miri` show that they find each; in an optimised build without them nothing does.

#![cfg(any(memzone_asan, debug_assertions))]
#![cfg_attr(not(any(memzone_asan, miri)), allow(dead_code))]

use allocator_api2::vec::Vec;
use memzone::{ZBox, Zone, beginz};
use std::cell::Cell;
use std::mem::forget;

/// Names the case that a test of one runs.
const CASE: &str = "MEMZONE_STALE_CASE";

/// What the memory held as long as it was somebody's.
const LIVE: u8 = 0x11;

/// Ends what a pointer points to, and returns that one.
type Case = fn() -> *const u8;

const CASES: [(&str, Case); 10] = [
    ("scope", scope),
    ("scope_on_unwinding", scope_on_unwinding),
    ("scope_that_grew", scope_that_grew),
    ("reset", reset),
    ("reset_of_blocks", || reset_of_blocks(0)),
    ("reset_of_the_last_block", || reset_of_blocks(20)),
    ("dropped_box", dropped_box),
    ("dropped_box_with_others_behind", dropped_box_with_others_behind),
    ("shrunk_vector", shrunk_vector),
    ("moved_vector", moved_vector),
];

fn scope() -> *const u8 {
    let stale = Cell::new(std::ptr::null());
    beginz!(z => stale.set(z.alloc_slice(100, LIVE).as_ptr()));
    stale.get()
}

fn scope_on_unwinding() -> *const u8 {
    fn unwind() {
        std::panic::resume_unwind(Box::new(()));
    }
    let stale = std::panic::AssertUnwindSafe(Cell::new(std::ptr::null()));
    let body = || {
        let stale = &stale;
        beginz!(z => {
            stale.set(z.alloc_slice(100, LIVE).as_ptr());
            unwind()
        })
    };
    std::panic::catch_unwind(body).unwrap_err();
    stale.get()
}

fn scope_that_grew() -> *const u8 {
    let stale = Cell::new(std::ptr::null());
    beginz!(100, z => {
        stale.set(z.alloc_slice(100, LIVE).as_ptr());
        z.alloc_slice(100_000, LIVE);
    });
    stale.get()
}

fn reset() -> *const u8 {
    let mut zone = Zone::new(1024);
    let stale = zone.alloc_slice(100, LIVE).as_ptr();
    zone.reset().unwrap();
    forget(zone);
    stale
}

fn reset_of_blocks(index: usize) -> *const u8 {
    let mut zone = Zone::new(1024);
    let mut slices = (0..=20).map(|_| zone.alloc_slice(1000, LIVE).as_ptr());
    let stale = slices.nth(index).unwrap();
    slices.for_each(drop);
    assert!(zone.blocks() > 2);
    zone.reset().unwrap();
    forget(zone);
    stale
}

fn dropped_box() -> *const u8 {
    let zone = Zone::new(1024);
    let boxed = zone.boxed([LIVE; 100]);
    let stale = boxed.as_ptr();
    drop(boxed);
    forget(zone);
    stale
}

fn dropped_box_with_others_behind() -> *const u8 {
    let zone = Zone::new(1024);
    let boxed = zone.boxed([LIVE; 100]);
    let stale = boxed.as_ptr();
    forget(zone.boxed(1));
    assert_eq!(ZBox::into_inner(boxed), [LIVE; 100]);
    forget(zone);
    stale
}

fn shrunk_vector() -> *const u8 {
    let zone = Zone::new(1024);
    let mut vector = Vec::with_capacity_in(100, &zone);
    vector.resize(100, LIVE);
    let stale = vector.as_ptr().wrapping_add(50);
    zone.alloc(1);
    vector.truncate(50);
    vector.shrink_to_fit();
    assert_eq!(vector[..], [LIVE; 50]);
    forget((vector.len(), zone.clone()));
    stale
}

fn moved_vector() -> *const u8 {
    let zone = Zone::new(1024);
    let mut vector = Vec::with_capacity_in(100, &zone);
    vector.resize(100, LIVE);
    let stale = vector.as_ptr();
    zone.alloc(1);
    vector.push(LIVE);
    assert_ne!(vector.as_ptr(), stale);
    assert_eq!(vector[..], [LIVE; 101]);
    forget(zone.clone());
    stale
}

/// As `unsafe` code does that trusts a pointer for too long.
fn look(stale: *const u8) -> u8 {
    // SAFETY: broken on purpose. The memory is still there, but nobody's.
    unsafe { stale.read_volatile() }
}

/// Runs the case of the environment; without one there is nothing to find.
#[cfg(any(memzone_asan, miri))]
#[test]
fn one_case() {
    let Some(name) = std::env::var_os(CASE) else { return };
    let (_, case) = CASES.iter().find(|(known, _)| name == *known).expect("a case of that name");
    println!("{}", look(case()));
    println!("not found");
}

#[cfg(all(debug_assertions, not(any(memzone_asan, miri))))]
#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn what_is_taken_back_is_overwritten() {
    for (name, case) in CASES {
        assert_eq!(look(case()), 0xDE, "{name}");
    }
}

#[cfg(memzone_asan)]
mod under_asan {
    use super::*;
    use std::process::Command;

    /// What the sanitizer says of a program that runs one case.
    fn report_of(name: &str) -> String {
        let program = std::env::current_exe().expect("this program");
        let output = Command::new(program)
            .args(["--exact", "one_case", "--nocapture"])
            .env(CASE, name)
            .output()
            .expect("it can be run once more");
        assert!(!output.status.success(), "{name}: nothing was found");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    #[test]
    fn each_stale_pointer_is_found() {
        for (name, _) in CASES {
            let report = report_of(name);
            assert!(report.contains("use-after-poison"), "{name}: {report}");
        }
    }

    #[test]
    fn what_was_not_handed_out_is_found() {
        fn is_poisoned(address: *const u8) -> bool {
            // SAFETY: as in the sanitizer's interface header.
            unsafe extern "C" {
                safe fn __asan_address_is_poisoned(address: *const std::ffi::c_void) -> i32;
            }
            __asan_address_is_poisoned(address.cast()) != 0
        }
        let zone = Zone::new(1024);
        let three = zone.alloc_slice(3, LIVE).as_ptr();
        let far = zone.alloc_slice_aligned::<u8, 64>(5, LIVE).as_ptr();
        let iter = zone.alloc_iter((0..40).filter(|n| n % 4 != 0).map(|_| LIVE));
        let behind = iter.as_ptr_range().end;
        let open = [three, three.wrapping_add(2), far, far.wrapping_add(4), behind.wrapping_sub(1)];
        let closed = [three.wrapping_add(3), far.wrapping_sub(1), far.wrapping_add(5), behind];
        assert_eq!(open.map(is_poisoned), [false; 5]);
        assert_eq!(closed.map(is_poisoned), [true; 4]);
        // What goes back to the system, or to who lent it, is as it was.
        let lent = Box::leak(vec![std::mem::MaybeUninit::uninit(); 4096].into_boxed_slice());
        let start = lent.as_ptr().cast::<u8>();
        let zone = Zone::from_buffer(lent);
        assert!(is_poisoned(start.wrapping_add(2000)));
        drop(zone);
        assert!((0..4096).all(|offset| !is_poisoned(start.wrapping_add(offset))));
        // SAFETY: leaked above, and the zone is gone.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(start.cast_mut(), 4096)) });
    }
}
