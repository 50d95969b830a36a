//! Memory on the machine's stack, of a length that is known only at run time.
//!
//! The frames of Rust's functions have fixed sizes, so there is one function for each of some sizes. The functions are
//! generic over nothing else. Each only calls back with the address of its frame.

use crate::error::{MAX_ALIGN, Request, ZoneError};
use crate::system::stack_bounds;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::slice;

/// Bytes of the smallest frame. Larger sizes lie a quarter of a power of two apart, so at most a fifth of a frame is
/// wasted.
const SMALLEST: usize = 1 << 10;

/// The number of sizes. The largest one is 64 MiB.
const SIZES: usize = 65;

/// The alignment of frames.
const FRAME_ALIGN: usize = 64;

/// Bytes of the part of a slice from which the rest is filled. This is the fastest power of two from 512 to 4096.
const PART: usize = 512;

/// Bytes of the frame with this index.
const fn frame_bytes(index: usize) -> usize {
    if index == 0 {
        return SMALLEST;
    }
    let (doublings, quarters) = ((index - 1) / 4, (index - 1) % 4);
    (SMALLEST << doublings) / 4 * (5 + quarters)
}

/// The index of the smallest frame that holds `bytes`. It is beyond the last index if no frame does.
#[inline(always)]
const fn frame_for(bytes: usize) -> usize {
    if bytes <= SMALLEST {
        return 0;
    }
    let doublings = ((bytes - 1) / SMALLEST).ilog2() as usize;
    let quarters = ((bytes - 1) / (SMALLEST / 4)) >> doublings;
    1 + doublings * 4 + (quarters - 4)
}

/// Bytes of the largest frame that fits into `room`.
fn largest_frame(room: usize) -> usize {
    let index = frame_for(room).min(SIZES - 1);
    match frame_bytes(index) <= room {
        true => frame_bytes(index),
        false => index.checked_sub(1).map_or(0, frame_bytes),
    }
}

#[repr(C, align(64))]
struct Memory<const BYTES: usize>([MaybeUninit<u8>; BYTES]);

/// The callback that uses a frame's memory.
type Callback<'a> = &'a mut dyn FnMut(NonNull<u8>);

/// Lends a frame of this many bytes to `callback`.
///
/// It is never inlined, so that the memory is taken when this is called, and given back when it returns.
#[inline(never)]
fn frame<const BYTES: usize>(callback: Callback<'_>) {
    let mut memory = MaybeUninit::<Memory<BYTES>>::uninit();
    callback(NonNull::from(&mut memory).cast());
}

/// A function with a frame, and the frame's size.
struct Frame {
    bytes: usize,
    call: fn(Callback<'_>),
}

macro_rules! frames {
    ($($index:literal)*) => {
        [$(Frame { bytes: frame_bytes($index), call: frame::<{ frame_bytes($index) }> }),*]
    };
}

static FRAMES: [Frame; SIZES] = frames![
    0
    1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
    17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32
    33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48
    49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64
];

/// The function with a frame for `bytes`. If too little of the stack is left, the error says how much.
///
/// It is never inlined, as it is the same for all types.
#[inline(never)]
fn find_frame(bytes: usize) -> Result<fn(Callback<'_>), usize> {
    match stack_bounds::known_left() {
        Some(left) => frame_within(left, bytes),
        None => find_frame_cold(bytes),
    }
}

/// Like `find_frame`, but asks the system. `find_frame` does nothing after this call, so it need not save registers.
#[cold]
#[inline(never)]
fn find_frame_cold(bytes: usize) -> Result<fn(Callback<'_>), usize> {
    match stack_bounds::find_left() {
        Ok(left) => frame_within(left, bytes),
        Err(_) => Err(DENIED),
    }
}

/// Stands for the number of bytes left when a real-time section forbids asking the system.
const DENIED: usize = usize::MAX;

#[inline(always)]
fn frame_within(left: usize, bytes: usize) -> Result<fn(Callback<'_>), usize> {
    match FRAMES.get(frame_for(bytes)) {
        Some(frame) if frame.bytes <= left => Ok(frame.call),
        _ => Err(left),
    }
}

#[cold]
fn refuse(requested: usize, padding: usize, left: usize) -> ZoneError {
    if left == DENIED {
        return ZoneError::Denied { request: Request::FirstUse, bytes: requested };
    }
    // A call for `available` must succeed, even if it is compiled to lie a little deeper in the stack than this one.
    let left = left.saturating_sub(SMALLEST);
    ZoneError::TooLarge { requested, available: largest_frame(left).saturating_sub(padding) }
}

#[inline(always)]
fn fill<T: Copy>(items: &mut [MaybeUninit<T>], value: T) {
    let part = (PART / size_of::<T>().max(1)).max(1);
    if items.len() <= 2 * part {
        items.fill(MaybeUninit::new(value));
    } else {
        fill_by_parts(items, value, part);
    }
}

/// Fills a first part with the value, and then the others with copies of that part. This is as fast as the `memset`
/// that an array of zeros gets. The compiler's loop for an arbitrary value is slower.
///
/// It is never inlined, so that short fills need not save registers for it.
#[inline(never)]
fn fill_by_parts<T: Copy>(items: &mut [MaybeUninit<T>], value: T, part: usize) {
    let (first, rest) = items.split_at_mut(part);
    first.fill(MaybeUninit::new(value));
    for other in rest.chunks_mut(part) {
        other.copy_from_slice(&first[..other.len()]);
    }
}

/// Calls `body` with a slice on the machine's stack, whose length is known only at run time.
///
/// The slice is filled with `value`, and is gone when `body` returns. This checks how much of the thread's stack is
/// left before it takes memory, so a slice that is too large gives an error and not a crash. The slice may take up to
/// a fifth more of the stack than its size. If the length is a constant, [`salloc!`](crate::salloc) is simpler and
/// needs no closure.
///
/// ```
/// use memzone::{ZoneError, salloc_with};
///
/// fn mean_of_squares(block: &[f32]) -> Result<f32, ZoneError> {
///     salloc_with(block.len(), 0.0, |squares| {
///         for (square, sample) in squares.iter_mut().zip(block) {
///             *square = sample * sample;
///         }
///         squares.iter().sum::<f32>() / block.len() as f32
///     })
/// }
///
/// assert_eq!(mean_of_squares(&[0.5; 100]), Ok(0.25));
///
/// // More than any thread has.
/// let refused = salloc_with(usize::MAX, 0_u8, |_| ());
/// assert!(matches!(refused, Err(ZoneError::TooLarge { .. })));
/// ```
///
/// # Errors
///
/// [`ZoneError::TooLarge`] if too little of the stack is left. Its `available` says how many bytes can be had at this
/// place for a `T` of this alignment. That is at most 64 MiB. It leaves a reserve for `body`, a signal and a panic: a
/// quarter of the stack, but at least 32 and at most 64 KiB. The check does not cover a `body` that needs more of the
/// stack than that.
///
/// memzone can ask the system for the bounds of the stack on Linux, Android, Apple's systems and Windows. With musl,
/// the main thread has only what its stack had grown to. In a module of WebAssembly for `wasm32-unknown-unknown` or
/// `wasm32-wasip1` the linker tells them: that stack has 1 MiB, if it is not told otherwise. On other systems, and in
/// WebAssembly with threads, each thread has 16 KiB below its first use.
/// On a stack that is not its thread's own, such as a coroutine's, nothing is available.
///
/// [`ZoneError::AlignTooLarge`] if `T` is aligned to more than a page of 4096 bytes.
///
/// [`ZoneError::Denied`] at the first use on a thread, if a real-time section forbids asking the system.
///
/// In each case `body` is not called. A slice of no bytes always succeeds.
///
/// # Panics
///
/// Only when `body` does. The memory is given back then too.
///
/// # Real-time
///
/// Yes, with two exceptions. The first use on a thread asks the system. The first use of the stack at this depth causes
/// page faults, as each page of the memory is touched.
///
/// # Time complexity
///
/// Linear in `len`, as the slice is filled.
#[inline]
pub fn salloc_with<T: Copy, R>(
    len: usize,
    value: T,
    body: impl FnOnce(&mut [T]) -> R,
) -> Result<R, ZoneError> {
    let align = align_of::<T>();
    if align > MAX_ALIGN {
        return Err(ZoneError::AlignTooLarge { align });
    }
    let requested = len.saturating_mul(size_of::<T>());
    if requested == 0 {
        // SAFETY: (I7) the slice is aligned and has no bytes. If `len` is not zero, `value` shows that a `T` exists.
        return Ok(body(unsafe { slice::from_raw_parts_mut(NonNull::dangling().as_ptr(), len) }));
    }
    let padding = align.saturating_sub(FRAME_ALIGN);
    let frame = find_frame(requested.saturating_add(padding))
        .map_err(|left| refuse(requested, padding, left))?;
    let mut result = None;
    let (place, mut body) = (&mut result, Some(body));
    // The closure takes its captures by `move`, so that they are a single pointer away.
    frame(&mut move |memory| {
        let skip = match align_of::<T>() <= FRAME_ALIGN {
            true => 0,
            false => memory.addr().get().wrapping_neg() & (align_of::<T>() - 1),
        };
        // SAFETY: (I6) a frame is aligned to `FRAME_ALIGN`, so `skip` is at most `padding`. The frame has at least
        // `padding + requested` bytes.
        let start = unsafe { memory.add(skip) }.cast::<MaybeUninit<T>>();
        // SAFETY: (I6) the memory is aligned by the line above, `requested` bytes long, and nobody else's until this
        // function returns.
        let items = unsafe { slice::from_raw_parts_mut(start.as_ptr(), len) };
        fill(items, value);
        let items: *mut [MaybeUninit<T>] = items;
        // SAFETY: (I7) all items are filled.
        let items = unsafe { &mut *(items as *mut [T]) };
        *place = body.take().map(|body| body(items));
    });
    Ok(result.expect("a frame calls back once"))
}

/// Touches this many bytes of the stack below the caller, or as many as are left. Returns how many it touched.
pub(crate) fn touch(bytes: usize) -> usize {
    let use_all = |bytes: &mut [u8]| core::hint::black_box(bytes).len();
    match salloc_with(bytes, 0_u8, use_all) {
        Ok(touched) => touched,
        Err(ZoneError::TooLarge { available, .. }) => {
            salloc_with(available, 0_u8, use_all).unwrap_or(0)
        }
        Err(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_rise_and_each_is_found() {
        assert_eq!(frame_bytes(SIZES - 1), 64 << 20);
        for index in 1..SIZES {
            let (smaller, bytes) = (frame_bytes(index - 1), frame_bytes(index));
            assert!(smaller < bytes && bytes <= smaller + smaller / 4, "{smaller} {bytes}");
            assert_eq!(bytes % FRAME_ALIGN, 0);
            assert_eq!(frame_for(smaller + 1), index);
            assert_eq!(frame_for(bytes), index);
            assert_eq!(largest_frame(bytes), bytes);
            assert_eq!(largest_frame(bytes - 1), smaller);
        }
        assert_eq!((frame_for(0), frame_for(1), frame_for(SMALLEST)), (0, 0, 0));
        assert!(frame_for(frame_bytes(SIZES - 1) + 1) >= SIZES);
        assert!(frame_for(usize::MAX) >= SIZES);
        assert_eq!(largest_frame(SMALLEST - 1), 0);
        assert_eq!(largest_frame(usize::MAX), 64 << 20);
    }
}
