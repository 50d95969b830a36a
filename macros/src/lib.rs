//! The macros of the crate `memzone`. Use that crate, which re-exports them with its own docs.

#![forbid(unsafe_code)]

mod derive;
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
/// * `OUTER`: a `&Zone` that the value is copied to and may borrow from. Without it the value is
///   copied to the zone below on the thread's stack, so it must own what it holds.
/// * `BODY`: a block, not a closure: `?`, `return`, `break` and `continue` leave it, and the zone
///   is rewound then too.
///
/// ```
/// use memzone::{Zone, beginz};
///
/// // A plain value.
/// let sum = beginz!(z => {
///     let squares = z.alloc_iter((1..=3).map(|n| (n * n) as f32));
///     squares.iter().sum::<f32>()
/// });
/// assert_eq!(sum, 14.0);
///
/// // A slice that outlives the scope, in a zone of the caller's.
/// let outer = Zone::new(1024);
/// let kept: &mut [f32] = beginz!(64_000, z in &outer => {
///     let scratch = z.alloc_slice(8_000, 0.5_f32);
///     z.alloc_slice_copy(&scratch[..64])
/// });
/// assert_eq!(kept.len(), 64);
/// ```
///
/// # Panics
///
/// Where the system has no memory for the scope's zone, or the value cannot be copied;
/// [`try_beginz!`](macro@try_beginz) gives an error instead.
///
/// # Real-time
///
/// Yes, once a scope of this size has run at this depth on this thread.
#[proc_macro]
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
pub fn letz(input: TokenStream) -> TokenStream {
    scope::letz(input.into(), scope::OnError::Panic).into()
}

/// [`letz!`](macro@letz) with a `Result<_, ZoneError>` instead of a panic.
///
/// ```
/// use memzone::try_letz;
///
/// let sum = try_letz!(a = [1, 2, 3] => a.iter().sum::<i32>());
/// assert_eq!(sum, Ok(6));
/// ```
#[proc_macro]
pub fn try_letz(input: TokenStream) -> TokenStream {
    scope::letz(input.into(), scope::OnError::Return).into()
}

/// Derives `DeepCopy`; see the trait's documentation.
#[proc_macro_derive(DeepCopy, attributes(deep_copy))]
pub fn derive_deep_copy(input: TokenStream) -> TokenStream {
    derive::expand(input.into()).into()
}
