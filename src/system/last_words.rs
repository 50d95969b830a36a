//! What memzone prints before it ends the process. It is written directly to the system's standard error, so no test
//! harness captures it. Printing takes no memory from the system and no lock.

use core::fmt::{self, Write};

/// The most bytes of a line. A longer line is cut.
const MAX_BYTES: usize = 1024;

/// A text of at most `MAX_BYTES` bytes.
struct Text {
    bytes: [u8; MAX_BYTES],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = self.bytes.len() - self.len;
        let text = &text.as_bytes()[..text.len().min(left)];
        self.bytes[self.len..][..text.len()].copy_from_slice(text);
        self.len += text.len();
        Ok(())
    }
}

/// Writes a line to the process's standard error.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let mut text = Text { bytes: [0; MAX_BYTES], len: 0 };
    // An error of a `Display` implementation does not matter any more.
    let _ = writeln!(text, "{line}");
    write_to_stderr(&text.bytes[..text.len]);
}

/// This makes the system call itself. The standard library would take a lock, which another thread may hold.
#[cfg(all(
    feature = "libc",
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    not(miri)
))]
fn write_to_stderr(text: &[u8]) {
    let mut rest = text;
    while !rest.is_empty() {
        // SAFETY: (I16) the bytes are there.
        let written = unsafe { libc::write(libc::STDERR_FILENO, rest.as_ptr().cast(), rest.len()) };
        match usize::try_from(written) {
            Ok(0) => return,
            Ok(written) => rest = &rest[written.min(rest.len())..],
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {
            }
            // Standard error is closed or broken, so nobody can read the text.
            Err(_) => return,
        }
    }
}

#[cfg(not(all(
    feature = "libc",
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    not(miri)
)))]
#[cfg(feature = "std")]
fn write_to_stderr(text: &[u8]) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text);
}

/// Without `std` nobody knows where to write.
#[cfg(not(feature = "std"))]
fn write_to_stderr(_text: &[u8]) {}

/// Ends the process. Nothing that is on the stack is dropped.
#[cfg(feature = "std")]
pub(crate) fn end_process() -> ! {
    std::process::abort()
}

/// Ends the program: a panic while a panic unwinds ends it wherever panics unwind, and the first one does elsewhere.
#[cfg(not(feature = "std"))]
pub(crate) fn end_process() -> ! {
    struct Again;
    impl Drop for Again {
        fn drop(&mut self) {
            panic!("memzone ends the program");
        }
    }
    let _again = Again;
    panic!("memzone ends the program");
}

/// Calls `then` with the name of the calling thread. This asks the system for it, which cuts names to 15 bytes. The
/// standard library's `thread::current` would take memory on a thread that the library has not started.
#[cfg(all(feature = "libc", any(target_os = "linux", target_os = "android"), not(miri)))]
pub(super) fn with_thread_name<R>(then: impl FnOnce(&str) -> R) -> R {
    let mut name = [0_u8; 16];
    // SAFETY: (I16) the call writes up to 16 bytes, the last one a zero.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let name = core::ffi::CStr::from_bytes_until_nul(&name).unwrap_or_default();
    then(name.to_str().unwrap_or("?"))
}

#[cfg(not(all(feature = "libc", any(target_os = "linux", target_os = "android"), not(miri))))]
pub(super) fn with_thread_name<R>(then: impl FnOnce(&str) -> R) -> R {
    #[cfg(feature = "std")]
    return then(std::thread::current().name().unwrap_or("without a name"));
    #[cfg(not(feature = "std"))]
    then("without a name")
}

/// Writes a backtrace to the process's standard error, if `RUST_BACKTRACE` asks for it, as for a panic. This takes
/// memory from the system, so it comes last.
#[cfg(feature = "std")]
pub(super) fn say_backtrace() {
    // This takes no memory if there is no such variable.
    if std::env::var_os("RUST_BACKTRACE").is_none_or(|value| value == "0") {
        return;
    }
    let stack = std::backtrace::Backtrace::force_capture();
    write_to_stderr(stack.to_string().as_bytes());
}

#[cfg(not(feature = "std"))]
pub(super) fn say_backtrace() {}
