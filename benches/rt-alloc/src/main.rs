//! `count (program|LIBRARY) (system|rt-alloc) SIZE`: runs what callgrind counts, while another thread is served.

mod measured;

use memzone::rt::{self, Plan, Policy};
use std::ffi::CString;
use std::sync::Barrier;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, place, allocator, size] = args.as_slice() else {
        panic!("count (program|LIBRARY) (system|rt-alloc) SIZE")
    };
    let (rt_alloc, size) = (allocator == "rt-alloc", size.parse().expect("a size"));
    let run: extern "C" fn(bool, usize) = if place == "program" {
        measured::run_measured
    } else {
        let path = CString::new(place.as_str()).expect("a path");
        // SAFETY: a library that does nothing when it is loaded.
        let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null(), "{place} is not loaded");
        // SAFETY: the library is loaded.
        let symbol = unsafe { libc::dlsym(library, c"run_measured".as_ptr()) };
        assert!(!symbol.is_null());
        // SAFETY: it was compiled from the same source.
        unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn(bool, usize)>(symbol) }
    };
    // So that no path is short because nobody is served.
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            rt::prepare_thread(&Plan::new().heap(1 << 20)).expect("there is memory");
            let section = rt::enter(Policy::Count);
            barrier.wait();
            barrier.wait();
            drop(section);
        });
        barrier.wait();
        run(rt_alloc, size);
        barrier.wait();
    });
}
