//! RealtimeSanitizer over each thing that memzone says is real-time, and over some that are not.
//!
//! Without an argument each case runs in a process of its own. The clean ones must end well. The violations
//! must be stopped by the sanitizer, which exits with 43; else this program could not find anything. With the
//! name of a case it runs that one, and the sanitizer prints what it has found:
//! `.ci/rtsan list_of_10_nodes`.

#![cfg_attr(not(feature = "stable"), feature(sanitize))]

mod blocks;
mod clean;
mod copies;
mod handed;
mod programs;
mod violations;

use std::env;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

/// A name, and what prepares something and then calls [`realtime`].
type Case = (&'static str, fn());

/// Declares functions and the table of them.
macro_rules! cases {
    ($table:ident: $(fn $name:ident() $body:block)*) => {
        pub(crate) const $table: &[crate::Case] = &[$((stringify!($name), $name)),*];
        $(fn $name() $body)*
    };
}
pub(crate) use cases;

/// The sanitizer's exit code.
const VIOLATION: i32 = 43;

/// Runs `body` in a function that may do nothing that is not real-time.
#[cfg(not(feature = "stable"))]
#[sanitize(realtime = "nonblocking")]
#[inline(never)]
fn realtime<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[cfg(feature = "stable")]
fn realtime<R>(body: impl FnOnce() -> R) -> R {
    // SAFETY: the signatures are those of the runtime's `rtsan_interface.h` and `rtsan.h`.
    unsafe extern "C" {
        safe fn __rtsan_ensure_initialized();
        safe fn __rtsan_realtime_enter();
        safe fn __rtsan_realtime_exit();
    }
    struct Exit;
    impl Drop for Exit {
        fn drop(&mut self) {
            __rtsan_realtime_exit();
        }
    }
    __rtsan_ensure_initialized();
    __rtsan_realtime_enter();
    let _exit = Exit;
    body()
}

fn main() -> ExitCode {
    let clean =
        [blocks::CASES, clean::CASES, copies::CASES, handed::CASES, programs::CASES].concat();
    let violations = [violations::CASES, programs::VIOLATIONS].concat();
    if let Some(name) = env::args().nth(1) {
        let all = [&clean[..], &violations].concat();
        let Some(&(_, case)) = all.iter().find(|case| case.0 == name) else {
            eprintln!("no case {name}; they are in tests/rtsan/src");
            return ExitCode::from(2);
        };
        // The sanitizer's report can wait for a lock that the violation was made with.
        thread::spawn(|| {
            thread::sleep(Duration::from_secs(60));
            eprintln!("not through after 60 s");
            std::process::abort();
        });
        // A thread that memzone knows nothing of.
        thread::spawn(case).join().expect("the case holds");
        return ExitCode::SUCCESS;
    }
    let mut failed = 0;
    let mut run = |cases: &[Case], wanted: i32| {
        for (name, _) in cases {
            let output = Command::new(env::current_exe().expect("a path"))
                .arg(name)
                .stdin(Stdio::null())
                .output()
                .expect("this program runs again");
            if output.status.code() != Some(wanted) {
                failed += 1;
                println!("{name}: wanted the exit code {wanted}, got {}", output.status);
                println!("{}", String::from_utf8_lossy(&output.stderr));
            }
        }
    };
    run(&clean, 0);
    run(&violations, VIOLATION);
    println!(
        "RealtimeSanitizer: {} clean cases, {} violations, {failed} of them not as they must be",
        clean.len(),
        violations.len()
    );
    ExitCode::from(u8::from(failed > 0))
}
