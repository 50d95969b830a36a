//! A process forks while its other threads are in the midst of what all threads share: the child has no such
//! thread, and must wait for none.

#![cfg(target_os = "linux")]

use memzone::{beginz, stats};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// Runs `body` in a forked child, and says how that ended. A child that waits for ever is ended by a signal.
fn in_a_child(body: impl FnOnce() -> bool) -> libc::c_int {
    // SAFETY: the child ends without returning, and takes memory only as glibc lets it.
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        // SAFETY: asks for a signal that ends the process.
        unsafe { libc::alarm(30) };
        let code = if body() { 0 } else { 1 };
        // SAFETY: ends the process.
        unsafe { libc::_exit(code) };
    }
    let mut status = -1;
    // SAFETY: a place for the status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    status
}

/// One test, so that the harness's own threads do nothing meanwhile.
#[test]
#[cfg_attr(miri, ignore = "it has no fork")]
fn a_child_waits_for_no_thread_that_it_does_not_have() {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        // Threads that take a place for their counters, and one that reads all of those.
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                let starting = [(); 4].map(|()| thread::spawn(|| beginz!(())));
                starting.into_iter().for_each(|thread| thread.join().unwrap());
            }
        });
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                assert!(stats::threads().running().len() < 50);
            }
        });
        let mut failed = None;
        for round in 0..500 {
            // A thread that has no place yet, so that the child takes one.
            let status = thread::spawn(|| {
                in_a_child(|| {
                    let sum = beginz!(z => z.alloc_slice(10, 1_u32).iter().sum::<u32>());
                    let mine = stats::thread();
                    let all = stats::threads().total();
                    sum == 10 && mine.requests == 1 && all.requests >= 1
                })
            });
            let status = status.join().unwrap();
            if status != 0 {
                failed = Some((round, status));
                break;
            }
        }
        stop.store(true, Relaxed);
        assert_eq!(
            failed, None,
            "the child of this round waited for ever (14: the alarm), or failed"
        );
    });
}
