//! The heap that a thread's memory comes from, with the feature `rt-alloc`: one that the thread was prepared with, and
//! only while it is in a real-time section.
//!
//! [`RtAlloc`](crate::RtAlloc) reads this with every allocation of every thread. So it is one word, which is null on all
//! other threads. Reading it takes no memory, and nothing is destroyed when the thread ends (I53).
//!
//! What the heap is, only the room `rt_alloc` knows. Here it is an address.

use core::cell::Cell;
use core::ptr::null_mut;

/// A heap, without its type.
pub(crate) type Opaque = *mut ();

thread_local! {
    /// The heap that the thread was prepared with.
    static OWN: Cell<Opaque> = const { Cell::new(null_mut()) };
}

/// The heap that the thread was prepared with, or null.
#[inline]
pub(crate) fn own() -> Opaque {
    OWN.get()
}

/// Gives the thread a heap, or none.
pub(crate) fn set_own(heap: Opaque) {
    OWN.set(heap);
}

/// The thread is in a section from here on.
#[inline]
pub(crate) fn begin() {
    set_serving(OWN.get());
}

/// The thread is in no section any more.
#[inline]
pub(crate) fn end() {
    set_serving(null_mut());
}

pub(crate) use word::{serving, set_serving};

/// A library that is loaded while the program runs calls a function for each read of a thread-local, and saves its
/// registers for that: 60 instructions for a malloc and a free. glibc keeps some room at each thread's fixed place for
/// the libraries that are loaded later. A word there is read with two instructions. Rust has no stable way to say that a
/// thread-local lies there, so the word is defined and read in assembly.
///
/// The word's name is made of that of a static, which no other copy of this crate has.
#[cfg(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu", not(miri)))]
mod word {
    use super::Opaque;
    use core::arch::{asm, global_asm};

    /// For its name.
    static SERVING: u8 = 0;

    global_asm!(
        ".pushsection .tbss.{name}.word,\"awT\",@nobits",
        ".balign 8",
        ".globl {name}.word",
        ".hidden {name}.word",
        ".type {name}.word, @tls_object",
        ".size {name}.word, 8",
        "{name}.word:",
        ".zero 8",
        ".popsection",
        name = sym SERVING,
    );

    /// The heap that serves this thread now, or null.
    #[inline(always)]
    pub(crate) fn serving() -> Opaque {
        let heap: Opaque;
        // SAFETY: (I53) reads this thread's own word, which is there as long as the thread.
        unsafe {
            asm!(
                "mov {at}, qword ptr [rip + {name}.word@GOTTPOFF]",
                "mov {at}, qword ptr fs:[{at}]",
                at = out(reg) heap,
                name = sym SERVING,
                options(nostack, preserves_flags, readonly),
            );
        }
        heap
    }

    /// Says which heap serves this thread from here on.
    #[inline]
    pub(crate) fn set_serving(heap: Opaque) {
        // SAFETY: (I53) writes this thread's own word, which is there as long as the thread.
        unsafe {
            asm!(
                "mov {at}, qword ptr [rip + {name}.word@GOTTPOFF]",
                "mov qword ptr fs:[{at}], {heap}",
                at = out(reg) _,
                heap = in(reg) heap,
                name = sym SERVING,
                options(nostack, preserves_flags),
            );
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu", not(miri))))]
mod word {
    use super::{Cell, Opaque, null_mut};

    thread_local! {
        static SERVING: Cell<Opaque> = const { Cell::new(null_mut()) };
    }

    /// The heap that serves this thread now, or null.
    #[inline(always)]
    pub(crate) fn serving() -> Opaque {
        SERVING.get()
    }

    /// Says which heap serves this thread from here on.
    #[inline]
    pub(crate) fn set_serving(heap: Opaque) {
        SERVING.set(heap);
    }
}
