//! What memzone says before it ends the process: written to the system's standard error itself, so that no test
//! harness keeps it, and made without memory of the system's and without a lock.

use core::fmt::{self, Write};

/// The most bytes that are written. What is longer is cut.
const MOST: usize = 1024;

/// A text of at most [`MOST`] bytes.
struct Text {
    bytes: [u8; MOST],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.bytes.len() - self.len;
        let text = &text.as_bytes()[..text.len().min(room)];
        self.bytes[self.len..][..text.len()].copy_from_slice(text);
        self.len += text.len();
        Ok(())
    }
}

/// Writes a line to the process's standard error.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    let mut text = Text { bytes: [0; MOST], len: 0 };
    // What a `Display` of ours reports is of no use any more.
    let _ = writeln!(text, "{line}");
    write_to_stderr(&text.bytes[..text.len]);
}

/// By the system's call: the standard library's has a lock, which another thread may hold.
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
            // Nobody hears it.
            Err(_) => return,
        }
    }
}

#[cfg(not(all(
    feature = "libc",
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    not(miri)
)))]
fn write_to_stderr(text: &[u8]) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text);
}

/// The calling thread's name. Where the system has it, it is read from there: the standard library's `thread::current`
/// takes memory on a thread that is not its own, and the system's names have up to 15 letters.
#[cfg(all(feature = "libc", any(target_os = "linux", target_os = "android"), not(miri)))]
pub(crate) fn with_thread_name<R>(then: impl FnOnce(&str) -> R) -> R {
    let mut name = [0_u8; 16];
    // SAFETY: (I16) the call writes up to 16 bytes, the last one a zero.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    let name = core::ffi::CStr::from_bytes_until_nul(&name).unwrap_or_default();
    then(name.to_str().unwrap_or("?"))
}

#[cfg(not(all(feature = "libc", any(target_os = "linux", target_os = "android"), not(miri))))]
pub(crate) fn with_thread_name<R>(then: impl FnOnce(&str) -> R) -> R {
    then(std::thread::current().name().unwrap_or("without a name"))
}

/// Writes the stack to the process's standard error, if the environment asks for it as for a panic's. This takes
/// memory of the system's, so it comes last.
pub(crate) fn say_stack() {
    // Takes no memory where there is no such variable.
    if std::env::var_os("RUST_BACKTRACE").is_none_or(|value| value == "0") {
        return;
    }
    let stack = std::backtrace::Backtrace::force_capture();
    write_to_stderr(stack.to_string().as_bytes());
}
