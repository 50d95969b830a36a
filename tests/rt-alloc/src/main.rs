//! Each case runs in a process of its own: see Cargo.toml. `process CASE` runs one of them.

use memzone::rt::{self, Plan, Policy, Prepared, Request};
use memzone::{RtAlloc, ZoneError, stats};
use std::ffi::CString;
use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, Output};
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

#[global_allocator]
static MEMORY: RtAlloc = RtAlloc::system();

/// A case, and what its process must say and how it must end.
type Case = (&'static str, fn(), fn(&Output) -> bool);

const CASES: &[Case] = &[
    ("before_main", before_main, ends_well),
    ("after_main", after_main, ends_well),
    ("a_library_that_is_closed", a_library_that_is_closed, ends_well),
    ("a_forked_child", a_forked_child, ends_well),
    ("few_addresses", few_addresses, ends_well),
    ("too_few_addresses", too_few_addresses, ends_well),
    ("more_threads_than_heaps", more_threads_than_heaps, ends_well),
    ("a_large_heap", a_large_heap, ends_well),
    ("abort_beyond_the_heap", abort_beyond_the_heap, says_what_was_wanted),
    ("a_panic_in_a_section", a_panic_in_a_section, says_why_it_panicked),
    ("a_thread_that_exits_by_itself", a_thread_that_exits_by_itself, ends_well),
];

fn ends_well(output: &Output) -> bool {
    output.status.success()
}

fn says_what_was_wanted(output: &Output) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    let line = "thread audio was about to ask the system for memory beyond the thread's heap (2000000 bytes)";
    output.status.signal() == Some(libc::SIGABRT) && said.contains(line)
}

fn says_why_it_panicked(output: &Output) -> bool {
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.signal() == Some(libc::SIGABRT) && said.contains("what 7 is about")
}

fn plan(heap: usize) -> Plan {
    Plan::new().scopes(1, 4096).default_zone(0).heap(heap)
}

fn prepare(heap: usize) -> Prepared {
    let prepared = rt::prepare_thread(&plan(heap)).expect("there is memory");
    assert!(prepared.has_heap() && prepared.is_collecting());
    prepared
}

static BEFORE_MAIN: AtomicPtr<String> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn before_main_starts() {
    let mut text = Box::new(String::from("before"));
    if std::env::args_os().nth(1).is_some_and(|case| case == "before_main") {
        prepare(1 << 20);
        let section = rt::enter(Policy::Count);
        text.push_str(" main");
        let text: Box<String> = text.clone();
        assert_eq!(section.report().asked(), 0);
        BEFORE_MAIN.store(Box::into_raw(Box::new(text)).cast(), Relaxed);
    }
}

// SAFETY: the system's loader calls functions in this section, without arguments that it needs.
#[unsafe(link_section = ".init_array")]
#[used]
static INIT: extern "C" fn() = before_main_starts;

fn before_main() {
    let text = BEFORE_MAIN.swap(std::ptr::null_mut(), Relaxed);
    // SAFETY: it was leaked there, as a box in a box.
    let text = unsafe { Box::from_raw(text.cast::<Box<String>>()) };
    assert_eq!(**text, "before main");
    let _section = rt::enter(Policy::Count);
    let used = stats::thread().heap.used;
    assert!(used > 0);
    drop(text);
    assert!(stats::thread().heap.used < used);
}

/// The program ends in a section; what runs then still takes and frees memory.
fn after_main() {
    extern "C" fn at_exit() {
        let text: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        assert_eq!(text[99], "99");
    }
    // SAFETY: the function needs nothing.
    assert_eq!(unsafe { libc::atexit(at_exit) }, 0);
    prepare(1 << 20);
    std::mem::forget(rt::enter(Policy::Count));
    std::mem::forget(vec![1; 100]);
}

fn a_library_that_is_closed() {
    let program = std::env::current_exe().expect("there is a program");
    let path = program.with_file_name("libplugin.so").display().to_string();
    let path = CString::new(path).expect("a path");
    // Blocks of the plugin's live from one time to the next, and its collector runs on.
    for round in 1..=3 {
        // SAFETY: a library that does nothing when it is loaded.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null(), "{path:?}");
        // SAFETY: the library is loaded.
        let process = unsafe { libc::dlsym(library, c"process".as_ptr()) };
        assert!(!process.is_null());
        // SAFETY: this is its signature.
        let process =
            unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn() -> i32>(process) };
        if round % 2 == 0 {
            assert_eq!(process(), 2 * round - 1);
            assert_eq!(process(), 2 * round);
        } else {
            let thread = thread::spawn(move || (process(), process()));
            assert_eq!(thread.join().expect("it ends"), (2 * round - 1, 2 * round));
        }
        // SAFETY: it was opened.
        unsafe { libc::dlclose(library) };
        thread::sleep(Duration::from_millis(40));
    }
}

/// Runs `body` in a forked child, which must end well. One that waits for ever is ended by a signal.
fn in_a_child(body: impl FnOnce()) {
    // SAFETY: the child takes memory only as glibc lets it.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY: asks for a signal that ends the process.
        unsafe { libc::alarm(30) };
        body();
        // SAFETY: ends the process.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: a place for the status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
}

fn a_forked_child() {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // A thread that is in the midst of its heap, of others', and of what is put aside.
        let (send, receive) = mpsc::channel::<Vec<u8>>();
        let stop = &stop;
        scope.spawn(move || {
            prepare(1 << 20);
            while !stop.load(Relaxed) {
                let _section = rt::enter_unwatched(Policy::Count);
                _ = send.send(vec![1; 500]);
                drop(vec![1; 300]);
            }
        });
        prepare(1 << 20);
        for _ in 0..100 {
            let foreign = receive.recv().expect("it sends");
            let mut below = Some(vec![3_u8; 100]);
            let inside = rt::enter_unwatched(Policy::Count);
            let own = vec![2_u8; 100];
            let used = stats::thread().heap.used;
            in_a_child(|| {
                // All of them are freed in the child, where two of the threads do not exist.
                assert!(foreign[0] == 1 && own[0] == 2 && stats::thread().heap.used == used);
                drop((foreign.clone(), own.clone()));
                let more: Vec<String> = (0..100).map(|n| n.to_string()).collect();
                drop((more, below.take()));
                assert!(rt::collect() >= 1);
                assert!(rt::prepare_thread(&plan(1 << 20)).expect("it has a heap").is_collecting());
            });
            drop((foreign, below, own));
            drop(inside);
            while receive.try_recv().is_ok() {}
        }
        stop.store(true, Relaxed);
    });
}

/// Lets the process have so many more addresses than now.
fn limit_addresses(more: u64) {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:")).expect("it has a size");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    let limit = (kilobytes << 10) + more;
    let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
    // SAFETY: a limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
}

fn few_addresses() {
    limit_addresses(600 << 20);
    // Half of a half ... of the region fits.
    thread::spawn(|| {
        prepare(1 << 20);
        // These lie behind the smaller region, or before it.
        let mut large: Vec<Vec<u8>> = (0..50).map(|n| vec![n; 200_000]).collect();
        let section = rt::enter(Policy::Count);
        let own = vec![1_u8; 1000];
        large.iter_mut().for_each(|bytes| bytes.reserve_exact(1000));
        assert_eq!(section.report().asked_for(Request::GiveBack), 0);
        drop((own, large));
    })
    .join()
    .expect("it ends");
    let error = rt::prepare_thread(&plan(1 << 30)).expect_err("there are not so many");
    assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
}

fn too_few_addresses() {
    limit_addresses(30 << 20);
    let error = rt::prepare_thread(&plan(1 << 20)).expect_err("there are no 64 MiB");
    assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
    // All goes to the system's allocator.
    let section = rt::enter(Policy::Count);
    drop(black_box(vec![1; 1000]));
    assert_eq!(section.report().asked(), 0);
}

fn more_threads_than_heaps() {
    let barrier = Barrier::new(65);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                prepare(1);
                barrier.wait();
                barrier.wait();
            });
        }
        barrier.wait();
        let error = rt::prepare_thread(&plan(1)).expect_err("each of them has one");
        assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
        barrier.wait();
    });
    assert!(prepare(1).heap() > 0, "that of a thread that has ended");
    rt::prepare_thread(&plan(100 << 20)).expect_err("no two places are left");
}

fn a_large_heap() {
    let prepared = prepare(200 << 20);
    let section = rt::enter(Policy::Count);
    let large = black_box(vec![1_u8; 150 << 20]);
    assert_eq!((section.report().asked(), large[150 << 19]), (0, 1));
    // A place in the middle of it is found as one of the heap's.
    drop(thread::spawn(move || drop(large)));
    assert!(prepared.heap() >= 200 << 20);
    let error = rt::prepare_thread(&plan(5 << 30)).expect_err("more than the region");
    assert!(matches!(error, ZoneError::TooLarge { .. }), "{error}");
}

fn abort_beyond_the_heap() {
    let audio = || {
        prepare(1 << 20);
        let _section = rt::enter(Policy::Abort);
        // What is put aside does not stop it.
        drop(black_box(vec![1; 1000]));
        drop(black_box(vec![1_u8; 2_000_000]));
    };
    _ = thread::Builder::new().name("audio".into()).spawn(audio).expect("it starts").join();
}

fn a_panic_in_a_section() {
    prepare(1 << 20);
    let _section = rt::enter(Policy::Count);
    panic!("what {} is about", black_box(7));
}

/// C code may end a thread in the midst of it.
fn a_thread_that_exits_by_itself() {
    extern "C" fn run(_: *mut libc::c_void) -> *mut libc::c_void {
        prepare(3 << 20);
        std::mem::forget(rt::enter(Policy::Count));
        std::mem::forget(vec![1; 100]);
        std::ptr::null_mut()
    }
    for _ in 0..2 {
        let mut thread = 0;
        let attributes = std::ptr::null();
        // SAFETY: a function of that signature.
        let started =
            unsafe { libc::pthread_create(&mut thread, attributes, run, std::ptr::null_mut()) };
        assert_eq!(started, 0);
        // SAFETY: it was started.
        assert_eq!(unsafe { libc::pthread_join(thread, std::ptr::null_mut()) }, 0);
    }
    assert!(prepare(3 << 20).heap_used() >= 200, "what both have left");
}

fn main() -> ExitCode {
    if let Some(name) = std::env::args().nth(1) {
        let case = CASES.iter().find(|case| case.0 == name).expect("a case");
        case.1();
        return ExitCode::SUCCESS;
    }
    let program = std::env::current_exe().expect("there is a program");
    let mut code = ExitCode::SUCCESS;
    for (name, _, is_right) in CASES {
        let output = Command::new(&program).arg(name).output().expect("it starts");
        if is_right(&output) {
            println!("{name}: ok");
        } else {
            println!(
                "{name}: FAILED, {}\n{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
            code = ExitCode::FAILURE;
        }
    }
    code
}
