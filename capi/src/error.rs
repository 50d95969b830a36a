//! How a failure gets to C: as a code, with a text for the thread's last one. Nothing unwinds into C.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{CStr, c_char};
use core::fmt::{self, Write};
use core::mem::forget;
use memzone::ZoneError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What went wrong. A function that gives a pointer gives NULL where it fails, and `mz_last_error` tells the code. All
/// others return the code, or say what they return instead. Where a function fails, nothing has changed.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum mz_error {
    /// All is well.
    MZ_OK = 0,
    /// An argument is NULL that must not be.
    MZ_ERROR_NULL = 1,
    /// A size is 0 that must not be.
    MZ_ERROR_ZERO_SIZE = 2,
    /// An alignment is no power of two, or larger than 4096. Or a pointer is not aligned as it must be.
    MZ_ERROR_ALIGNMENT = 3,
    /// More was asked for than could ever be had.
    MZ_ERROR_TOO_LARGE = 4,
    /// The system has no more memory.
    MZ_ERROR_OUT_OF_MEMORY = 5,
    /// The zone may not grow that far, or the heap has no free block that is large enough.
    MZ_ERROR_LIMIT_REACHED = 6,
    /// Something else still uses the zone: a stack, a scope, a handle in Rust code, or the hook that is running.
    MZ_ERROR_IN_USE = 7,
    /// Nothing is pushed. Only the default zone is left, which stays.
    MZ_ERROR_STACK_EMPTY = 8,
    /// The zone on top of the stack is a scope's, which ends with `mz_scope_leave`.
    MZ_ERROR_SCOPE_ACTIVE = 9,
    /// The scope is not the innermost one, or zones that were pushed in it are still there.
    MZ_ERROR_OUT_OF_ORDER = 10,
    /// This is no active scope of the calling thread: it was left already, or it belongs to another thread.
    MZ_ERROR_NO_SCOPE = 11,
    /// A real-time section forbids what the system would have been asked for.
    MZ_ERROR_DENIED = 12,
    /// The zone or heap belongs to another thread, or is on its way to one.
    MZ_ERROR_WRONG_THREAD = 13,
    /// The zone, heap or block was freed already.
    MZ_ERROR_FREED = 14,
    /// An argument has a value that the function does not take.
    MZ_ERROR_INVALID = 15,
    /// The thread is ending, and has no stack of zones any more.
    MZ_ERROR_THREAD_ENDING = 16,
    /// A fault in memzone itself, or a panic in a hook that is Rust code.
    MZ_ERROR_INTERNAL = 17,
}

use mz_error::{
    MZ_ERROR_ALIGNMENT, MZ_ERROR_DENIED, MZ_ERROR_FREED, MZ_ERROR_IN_USE, MZ_ERROR_INTERNAL,
    MZ_ERROR_INVALID, MZ_ERROR_LIMIT_REACHED, MZ_ERROR_NO_SCOPE, MZ_ERROR_NULL,
    MZ_ERROR_OUT_OF_MEMORY, MZ_ERROR_OUT_OF_ORDER, MZ_ERROR_SCOPE_ACTIVE, MZ_ERROR_STACK_EMPTY,
    MZ_ERROR_THREAD_ENDING, MZ_ERROR_TOO_LARGE, MZ_ERROR_WRONG_THREAD, MZ_ERROR_ZERO_SIZE, MZ_OK,
};

/// Each code's name.
const NAMES: [&CStr; 18] = [
    c"MZ_OK",
    c"MZ_ERROR_NULL",
    c"MZ_ERROR_ZERO_SIZE",
    c"MZ_ERROR_ALIGNMENT",
    c"MZ_ERROR_TOO_LARGE",
    c"MZ_ERROR_OUT_OF_MEMORY",
    c"MZ_ERROR_LIMIT_REACHED",
    c"MZ_ERROR_IN_USE",
    c"MZ_ERROR_STACK_EMPTY",
    c"MZ_ERROR_SCOPE_ACTIVE",
    c"MZ_ERROR_OUT_OF_ORDER",
    c"MZ_ERROR_NO_SCOPE",
    c"MZ_ERROR_DENIED",
    c"MZ_ERROR_WRONG_THREAD",
    c"MZ_ERROR_FREED",
    c"MZ_ERROR_INVALID",
    c"MZ_ERROR_THREAD_ENDING",
    c"MZ_ERROR_INTERNAL",
];

/// Why a function fails.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    Zone(ZoneError),
    /// The argument of this name.
    Null(&'static str),
    ZeroSize,
    Alignment(usize),
    /// A pointer that is not aligned as it must be.
    Misaligned(&'static str),
    WrongThread,
    Sent,
    Freed,
    /// A hook uses the zone that it belongs to.
    Busy,
    /// What is wrong, in words.
    Invalid(&'static str),
    ThreadEnding,
    Panicked,
}

impl From<ZoneError> for Failure {
    fn from(error: ZoneError) -> Failure {
        Failure::Zone(error)
    }
}

impl Failure {
    fn code(self) -> mz_error {
        match self {
            Failure::Zone(error) => match error {
                ZoneError::OutOfMemory { .. } => MZ_ERROR_OUT_OF_MEMORY,
                ZoneError::LimitReached { .. } => MZ_ERROR_LIMIT_REACHED,
                ZoneError::InUse { .. } => MZ_ERROR_IN_USE,
                ZoneError::StackEmpty => MZ_ERROR_STACK_EMPTY,
                ZoneError::ScopeActive => MZ_ERROR_SCOPE_ACTIVE,
                ZoneError::OutOfOrder { .. } => MZ_ERROR_OUT_OF_ORDER,
                ZoneError::NotOpen => MZ_ERROR_NO_SCOPE,
                ZoneError::Denied { .. } => MZ_ERROR_DENIED,
                ZoneError::TooLarge { .. } => MZ_ERROR_TOO_LARGE,
                ZoneError::AlignTooLarge { .. } => MZ_ERROR_ALIGNMENT,
                _ => MZ_ERROR_INTERNAL,
            },
            Failure::Null(_) => MZ_ERROR_NULL,
            Failure::ZeroSize => MZ_ERROR_ZERO_SIZE,
            Failure::Alignment(_) | Failure::Misaligned(_) => MZ_ERROR_ALIGNMENT,
            Failure::WrongThread | Failure::Sent => MZ_ERROR_WRONG_THREAD,
            Failure::Freed => MZ_ERROR_FREED,
            Failure::Busy => MZ_ERROR_IN_USE,
            Failure::Invalid(_) => MZ_ERROR_INVALID,
            Failure::ThreadEnding => MZ_ERROR_THREAD_ENDING,
            Failure::Panicked => MZ_ERROR_INTERNAL,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Failure::Zone(error) => error.fmt(f),
            Failure::Null(name) => write!(f, "the argument `{name}` is NULL"),
            Failure::ZeroSize => f.write_str("a size of 0 bytes was asked for; ask for at least 1"),
            Failure::Alignment(align) => {
                write!(f, "the alignment {align} is no power of two up to 4096")
            }
            Failure::Misaligned(name) => {
                write!(f, "the argument `{name}` is not aligned as what memzone gives out")
            }
            Failure::WrongThread => f.write_str(
                "this belongs to another thread, which has to hand it over with `mz_zone_send` or \
                 `mz_heap_send` first",
            ),
            Failure::Sent => f.write_str(
                "this was handed over; take it with `mz_zone_receive` or `mz_heap_receive` first",
            ),
            Failure::Freed => f.write_str("this was freed already"),
            Failure::Busy => {
                f.write_str("the zone is being reset or freed; its cleanup hooks must not use it")
            }
            Failure::Invalid(what) => f.write_str(what),
            Failure::ThreadEnding => {
                f.write_str("the thread is ending, and has no stack of zones any more")
            }
            Failure::Panicked => f.write_str("memzone, or a hook in Rust, has panicked"),
        }
    }
}

/// The longest text, its final zero included. A longer one is cut short.
const TEXT: usize = 320;

thread_local! {
    static LAST: Cell<Option<Failure>> = const { Cell::new(None) };
    static LAST_TEXT: UnsafeCell<[u8; TEXT]> = const { UnsafeCell::new([0; TEXT]) };
}

/// Notes the thread's last error.
#[cold]
#[inline(never)]
pub(crate) fn failed(failure: Failure) -> mz_error {
    LAST.set(Some(failure));
    failure.code()
}

/// Runs the body of a function of the interface. Where it fails or panics, that is noted, and the result is `on_error`.
#[inline(always)]
pub(crate) fn or_else<T>(on_error: T, body: impl FnOnce() -> Result<T, Failure>) -> T {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value,
        Ok(Err(failure)) => {
            failed(failure);
            on_error
        }
        Err(payload) => {
            // The payload is anybody's type, and its destructor may panic.
            catch_unwind(AssertUnwindSafe(|| drop(payload))).unwrap_or_else(forget);
            failed(Failure::Panicked);
            on_error
        }
    }
}

/// Like `or_else`, for a function that returns the code.
#[inline(always)]
pub(crate) fn code_of(body: impl FnOnce() -> Result<(), Failure>) -> mz_error {
    match or_else(false, || body().map(|()| true)) {
        true => MZ_OK,
        false => mz_last_error(),
    }
}

/// The code of the thread's last error. It stays as it is when a later call succeeds.
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_last_error() -> mz_error {
    LAST.get().map_or(MZ_OK, Failure::code)
}

/// The text of the thread's last error, which says what to do. The text is valid until the thread calls this again or
/// ends. It is empty if there was no error.
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_last_error_text() -> *const c_char {
    /// What is written into a buffer that has a zero at its end. What does not fit is cut off.
    struct Text<'a> {
        buffer: &'a mut [u8; TEXT],
        len: usize,
    }
    impl Write for Text<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            let part = part.as_bytes();
            let fits = part.len().min(TEXT - 1 - self.len);
            self.buffer[self.len..self.len + fits].copy_from_slice(&part[..fits]);
            self.len += fits;
            Ok(())
        }
    }
    let last = LAST.get();
    let written = catch_unwind(|| {
        LAST_TEXT.with(|place| {
            // SAFETY: (I60) the buffer is the thread's own, and nothing here calls this function again. A caller in C
            // may read it until then.
            let buffer = unsafe { &mut *place.get() };
            let mut text = Text { buffer, len: 0 };
            if let Some(failure) = last {
                // Writing into the buffer cannot fail.
                let _ = write!(text, "{failure}");
            }
            text.buffer[text.len] = 0;
            place.get().cast::<c_char>().cast_const()
        })
    });
    written.unwrap_or_else(|payload| {
        forget(payload);
        c"".as_ptr()
    })
}

/// The name of a code, as it stands in this header. For a number that is no code it is "unknown".
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_error_name(code: i32) -> *const c_char {
    let name = usize::try_from(code).ok().and_then(|code| NAMES.get(code));
    name.map_or(c"unknown".as_ptr(), |name| name.as_ptr())
}

/// The version of the library, as "0.2.0".
///
/// Real-time: yes.
#[unsafe(no_mangle)]
pub extern "C" fn mz_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
