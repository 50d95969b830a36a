//! What `Policy::Abort` says, in a process of its own: also under `cargo test`, which captures what tests print, and
//! without memory of the system's.

#![cfg(not(miri))]

use memzone::rt::{self, Plan, Policy};
use memzone::{
    RtHeap, Zone, beginz, halloc, halloc_slice, letz, peek_zone, push_new_zone, try_beginz,
    try_halloc,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::process::{Command, Output};

/// The system's allocator, until it is forbidden to this thread: then it ends the process in another way.
struct Watched;

thread_local! {
    static FORBIDDEN: Cell<bool> = const { Cell::new(false) };
}

fn watch() {
    if FORBIDDEN.get() {
        // At once: what runs at a process's end may wait for a lock that is held here.
        #[cfg(unix)]
        // SAFETY: ends the process.
        unsafe {
            libc::_exit(99)
        };
        #[cfg(not(unix))]
        std::process::exit(99);
    }
}

// SAFETY: the system's.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        watch();
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Each asks the system for something, in its last line.
const CASES: &[(&str, &str, fn())] = &[
    ("a new zone", "Zone::new", || drop(Zone::new(100))),
    ("a new zone", "Zone::try_new", || drop(Zone::try_new(100))),
    ("a new zone", "builder", || drop(Zone::builder().capacity(1000).build())),
    ("a new zone", "push_new_zone", || drop(push_new_zone(1000))),
    ("a new zone", "beginz", || beginz!(1 << 20, z => { z.alloc(1); })),
    ("a new zone", "try_beginz", || _ = try_beginz!(1 << 20, z => { z.alloc(1); })),
    ("a new zone", "letz", || letz!(1 << 20, a = [0_u8; 8] => a.fill(1))),
    ("a new block for a zone", "alloc", || _ = peek_zone().alloc([0_u8; 2000])),
    ("a new block for a zone", "alloc_slice", || _ = peek_zone().alloc_slice(1 << 21, 0_u8)),
    ("a new block for a zone", "try_alloc_slice", || {
        drop(peek_zone().try_alloc_slice(1 << 21, 0_u8))
    }),
    ("a new block for a zone", "alloc_str", || _ = peek_zone().alloc_str(&TEXT[..2000])),
    ("memory of the system's heap", "halloc", || drop(halloc([0_u8; 100]))),
    ("memory of the system's heap", "try_halloc", || drop(try_halloc([0_u8; 100]))),
    ("memory of the system's heap", "halloc_slice", || drop(halloc_slice(100, 0_u8))),
    ("memory of the system's heap", "RtHeap::new", || drop(RtHeap::new(1000))),
];

static TEXT: &str = match core::str::from_utf8(&[b'a'; 2000]) {
    Ok(text) => text,
    Err(_) => "",
};

/// Runs this test alone in a process, captured as usual.
fn child(case: &str, backtrace: Option<&str>) -> Output {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "abort_says_what_and_where_whoever_captures", "--test-threads=1"]);
    child.env("MEMZONE_ABORT", case).env_remove("RUST_BACKTRACE");
    backtrace.into_iter().for_each(|value| _ = child.env("RUST_BACKTRACE", value));
    child.output().unwrap()
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs processes")]
fn abort_says_what_and_where_whoever_captures() {
    if let Ok(name) = std::env::var("MEMZONE_ABORT") {
        let &(_, _, ask) = CASES.iter().find(|case| case.1 == name).unwrap();
        rt::prepare_thread(&Plan::new().scopes(1, 1000).default_zone(1000)).unwrap();
        let zone = Zone::new(1 << 20);
        // No room left.
        let current = peek_zone();
        current.alloc_slice(current.remaining(), 0_u8);
        drop(zone);
        let without_memory = std::env::var_os("RUST_BACKTRACE").is_none();
        let section = rt::enter(Policy::Abort);
        println!("this is captured");
        FORBIDDEN.set(without_memory);
        ask();
        FORBIDDEN.set(false);
        drop(section);
        unreachable!("{name} asked for nothing");
    }
    for (request, name, _) in CASES {
        let output = child(name, None);
        let text = String::from_utf8(output.stderr).unwrap();
        // 99: it took memory. 101: a test that failed. Without a code: a signal.
        assert!(
            !matches!(output.status.code(), Some(0 | 99 | 101)),
            "{name}: {:?} {text}",
            output.status
        );
        let start = "memzone: in a real-time section with Policy::Abort, thread ";
        assert!(text.starts_with(start), "{name}: {text}");
        let what = format!(" was about to ask the system for {request} (");
        assert!(text.contains(&what) && text.contains(" bytes), at "), "{name}: {text}");
        // The line of the call, in this file.
        let place = text.split(" bytes), at ").nth(1).unwrap();
        assert!(place.starts_with(file!()), "{name}: {place}");
        let line: usize = place.split(':').nth(1).unwrap().parse().unwrap();
        let written: Vec<&str> = include_str!("abort.rs").lines().skip(line - 2).take(2).collect();
        assert!(written.concat().contains(&format!("\"{name}\"")), "{name}: {written:?}");
        assert_eq!(text.lines().count(), 1, "{name}: {text}");
    }
}

/// What has no place of the user's own, as a drop, shows the stack where that is wanted.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs processes")]
fn the_stack_follows_where_it_is_asked_for() {
    let output = child("Zone::new", Some("1"));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("memzone: in a real-time section with Policy::Abort"), "{text}");
    assert!(text.lines().count() > 3 && text.contains("abort::CASES"), "{text}");
}
