//! The macros of the crate `memzone`. Use that crate, which re-exports them with its own docs.

#![forbid(unsafe_code)]

mod derive;
mod salloc;
mod scope;

use proc_macro::TokenStream;

/// Runs a block with a zone of its own, copies its value to the enclosing zone, and rewinds.
///
/// ```text
/// beginz!( [BYTES ,] [NAME [in OUTER] =>] BODY )
/// ```
///
/// * `BYTES`: room the zone has before it grows. Without it: 4096.
/// * `NAME`: what the body calls the zone, a `&Zone`.
/// * `OUTER`: a zone, or a reference to one, that the value is copied to and may borrow from. Without it the value is
///   copied to the zone below on the thread's stack.
/// * `BODY`: a block, not a closure: `?`, `return`, `break` and `continue` leave it, and the zone
///   is rewound then too.
///
/// ```
/// use memzone::{Zone, beginz};
///
/// // A plain value. What is expected reaches the body, as in any block.
/// let sum: f32 = beginz!(z => {
///     let squares = z.alloc_iter((1..=3).map(|n| (n * n) as f32));
///     squares.iter().sum()
/// });
/// assert_eq!(sum, 14.0);
///
/// // A slice that outlives the scope, in a zone of the caller's.
/// let outer = Zone::new(1024);
/// let kept: &[f32] = beginz!(64_000, z in outer => {
///     let scratch = z.alloc_slice(8_000, 0.5);
///     z.alloc_slice_copy(&scratch[..64])
/// });
/// assert_eq!(kept.len(), 64);
/// ```
///
/// # What leaves
///
/// A value can leave the scope if it borrows nothing from the scope's zone, or if it is copied. A value whose type has
/// `DeepCopy` is copied, and any other value moves.
///
/// ```
/// use memzone::beginz;
/// use std::collections::HashMap;
///
/// let lengths: HashMap<&str, usize> = beginz!(z => {
///     let words = z.alloc_iter("one three".split(' '));
///     words.iter().map(|word| (*word, word.len())).collect()
/// });
/// assert_eq!(lengths["three"], 5);
/// ```
///
/// If a value borrows from the scope's zone and no other zone is named, the compiler says so, and shows how to name the
/// zone that it is copied to. If its type has no `DeepCopy`, the message is the borrow checker's:
/// `scope_that_ends_here` is moved (that is, the scope ends) while it is borrowed, and `z` does not live long enough.
/// Then add `#[derive(DeepCopy)]` to the type, and name the zone.
///
/// Generic functions need no bound. With `T: Owned` the value is copied, so a `ZBox` in it goes to the zone below. A
/// `ZBox` in a value that moves keeps the scope's zone alive.
///
/// # Panics
///
/// If the system has no memory for the scope's zone, or if the value cannot be copied.
/// [`try_beginz!`](macro@try_beginz) gives an error instead.
///
/// # Real-time
///
/// Yes, once a scope of this size has run at this depth on this thread.
#[proc_macro]
#[doc(alias("scratch", "begin", "defer", "memzone", "zone_scope", "temp_allocator"))]
#[doc(alias("TEMP_ALLOCATOR_GUARD", "auto_release_temp", "autoreleasepool"))]
pub fn beginz(input: TokenStream) -> TokenStream {
    scope::beginz(input.into(), scope::OnError::Panic).into()
}

/// [`beginz!`](macro@beginz) with a `Result<_, ZoneError>` instead of a panic.
///
/// ```
/// use memzone::{ZoneError, try_beginz};
///
/// let too_much: Result<(), ZoneError> = try_beginz!(usize::MAX, {});
/// assert!(matches!(too_much, Err(ZoneError::TooLarge { .. })));
/// ```
///
/// # Real-time
///
/// Yes, once a scope of this size has run at this depth on this thread.
#[proc_macro]
pub fn try_beginz(input: TokenStream) -> TokenStream {
    scope::beginz(input.into(), scope::OnError::Return).into()
}

/// Runs a block with values that live in a zone of its own, copies its value to the enclosing
/// zone, and rewinds.
///
/// ```text
/// letz!( [BYTES ,] [NAME [in OUTER] ;] a = INIT, b: TYPE = INIT, ... => BODY )
/// ```
///
/// An `INIT` of the form `[v; n]`, with any `n`, or `[a, b, c]` becomes a slice in the zone; any
/// other becomes one value there, seen as `&mut`. `TYPE` is the type of the value, `[T]` for a
/// slice. The rest is as in [`beginz!`](macro@beginz).
///
/// With the type `[[T]]`, `[[v; frames]; channels]` becomes channels over one piece of memory, seen as `&mut [&mut
/// [T]]`. `#[align(64)]` before a binding of the form `[v; n]`, or of channels, has them start at multiples of 64
/// bytes:
///
/// ```
/// use memzone::letz;
///
/// let (channels, frames) = (2, 128);
/// let sum = letz!(#[align(64)] window = [0.5_f32; frames], wet: [[f32]] = [[1.0; frames]; channels] => {
///     for channel in wet.iter_mut() {
///         channel.iter_mut().zip(&*window).for_each(|(sample, gain)| *sample *= gain);
///     }
///     wet.iter().map(|channel| channel.iter().sum::<f32>()).sum::<f32>()
/// });
/// assert_eq!(sum, 128.0);
/// ```
///
/// Where the body ends in a binding's bare name, what it refers to is copied to the zone below, and owned by a `ZBox`:
///
/// ```
/// use memzone::letz;
///
/// let a = letz!(a = [0.0; 5], scratch = [0.0; 6000] => { a[0] = scratch[0] + 1.0; a });
/// assert_eq!(*a, [1.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
///
/// ```
/// use memzone::letz;
///
/// let block = [0.5_f32; 64];
/// let n = block.len();
/// let rms = letz!(squares = [0.0_f32; n], sum: f64 = 0.0 => {
///     for (square, sample) in squares.iter_mut().zip(&block) {
///         *square = sample * sample;
///         *sum += f64::from(*square);
///     }
///     (*sum / n as f64).sqrt()
/// });
/// assert_eq!(rms, 0.5);
/// ```
///
/// # Panics
///
/// As [`beginz!`](macro@beginz), and where an initial value finds no room;
/// [`try_letz!`](macro@try_letz) gives an error instead.
///
/// # Real-time
///
/// Yes, once a scope of this size has run at this depth on this thread.
#[proc_macro]
#[doc(alias("scratch", "memzone", "let", "alloca"))]
pub fn letz(input: TokenStream) -> TokenStream {
    scope::letz(input.into(), scope::OnError::Panic).into()
}

/// [`letz!`](macro@letz) with a `Result<_, ZoneError>` instead of a panic.
///
/// ```
/// use memzone::{ZoneError, try_letz};
///
/// let sum: Result<i32, ZoneError> = try_letz!(a = [1, 2, 3] => a.iter().sum());
/// assert_eq!(sum, Ok(6));
/// ```
///
/// # Real-time
///
/// Yes, once a scope of this size has run at this depth on this thread.
#[proc_macro]
pub fn try_letz(input: TokenStream) -> TokenStream {
    scope::letz(input.into(), scope::OnError::Return).into()
}

/// An array on the machine's stack, in the caller's frame, as a `&mut [_; LENGTH]`.
///
/// ```text
/// salloc![value; LENGTH]
/// salloc!(Type; LENGTH)
/// ```
///
/// The array is filled with the value, or with the type's `Default`. This is `&mut [value; LENGTH]`
/// and nothing else: no call and no copy, and what Rust says of a temporary holds. With `let` it
/// lives to the end of the block, and it cannot be returned.
///
/// ```
/// use memzone::salloc;
///
/// const BLOCK: usize = 64;
/// let window = salloc![1.0_f32; BLOCK];
/// let stereo = salloc!([f32; 2]; BLOCK);
/// for (frame, gain) in stereo.iter_mut().zip(window) {
///     *frame = [*gain, 0.5 * *gain];
/// }
/// assert_eq!(stereo[63], [1.0, 0.5]);
/// ```
///
/// `LENGTH` is a constant. For one that is known at run time there is `salloc_with`.
///
/// # A value or a type
///
/// The macro sees words, not what they stand for. Most are values or types by their form: `0.0`,
/// `f(x)` and `{ .. }` are values, `Vec<u8>` and `fn()` are types. What could be both is
///
/// * a type, if its name is a primitive type's (`f32`, with lanes too: `f32x4`), is in `CamelCase`,
///   or is a single capital: `Sample`, `audio::Sample`, `T`, `T::Item`;
/// * a value, if its name is in other letters, or is that of an enum's variant, a name in
///   `CamelCase` after another one: `silence`, `SILENCE`, `f32::MAX`, `Wave::Sine`, `None`;
/// * what it is made of, where it is made of names by `&`, `[..]` and `(..)`.
///
/// Where that guess is wrong, `{ value }` is always a value and `<Type>` always a type:
///
/// ```
/// use memzone::salloc;
///
/// #[derive(Clone, Copy)]
/// struct Silence;
///
/// fn first<Voice: Iterator<Item: Copy + Default>>(_: Voice) -> Voice::Item {
///     salloc!(<Voice::Item>; 4)[0]
/// }
///
/// let _ = salloc![{ Silence }; 4];
/// assert_eq!(first([1.0, 2.0].into_iter()), 0.0);
/// ```
///
/// # Real-time
///
/// Yes, once the stack has been used at this depth: the first use of a page faults it.
#[proc_macro]
#[doc(alias("alloca", "stack_alloc", "Point_val"))]
pub fn salloc(input: TokenStream) -> TokenStream {
    salloc::salloc(input.into()).into()
}

/// Derives `DeepCopy`; see the trait's documentation.
///
/// # Real-time
///
/// As the trait.
#[proc_macro_derive(DeepCopy, attributes(deep_copy))]
pub fn derive_deep_copy(input: TokenStream) -> TokenStream {
    derive::expand(input.into()).into()
}
