//! Owners of a value that forget which type it has: `ZBox<Sine>` becomes `ZBox<dyn Voice>`.
//!
//! `Box` does this by itself, with a trait that only the standard library may implement. Here a macro does it. The
//! compiler makes the wide pointer, as it does for references, and the macro writes the call that is `unsafe`.

/// An owner whose value may be seen as one of a type without a known size.
pub trait Unsizing {
    /// What the owner owns.
    type Value;
    /// The same owner of a `U`.
    type Of<U: ?Sized>;

    /// The same owner, which sees its value as a `U`.
    ///
    /// # Safety
    ///
    /// I47: `coerce` returns the pointer that it is given, as the compiler's own coercion makes it a wider one.
    ///
    /// # Real-time
    ///
    /// Yes.
    unsafe fn unsize<U: ?Sized>(self, coerce: fn(*mut Self::Value) -> *mut U) -> Self::Of<U>;
}

/// Makes a box of a trait object from a box of a value: `as_dyn!(boxed => dyn Voice)`.
///
/// It takes a [`ZBox`](crate::ZBox), an [`HBox`](crate::HBox) or a [`PoolBox`](crate::PoolBox). Nothing moves, and the
/// box stays what it is: it runs the value's destructor and gives its memory back. A box of an array becomes one of a slice
/// in the same way.
///
/// ```
/// use memzone::{HBox, RtHeap, ZBox, Zone, as_dyn, halloc_in};
///
/// trait Voice {
///     fn next(&mut self) -> f32;
/// }
/// struct Saw(f32);
/// struct Silence;
/// impl Voice for Saw {
///     fn next(&mut self) -> f32 {
///         self.0 = (self.0 + 0.25) % 1.0;
///         self.0
///     }
/// }
/// impl Voice for Silence {
///     fn next(&mut self) -> f32 {
///         0.0
///     }
/// }
///
/// let zone = Zone::new(1024);
/// let mut voices: Vec<ZBox<dyn Voice>> =
///     vec![as_dyn!(zone.boxed(Saw(0.0)) => dyn Voice), as_dyn!(zone.boxed(Silence) => dyn Voice)];
/// assert_eq!(voices.iter_mut().map(|voice| voice.next()).sum::<f32>(), 0.25);
///
/// let heap = RtHeap::new(4096);
/// let mut voice: HBox<dyn Voice, RtHeap> = as_dyn!(halloc_in(&heap, Saw(0.5))? => dyn Voice);
/// assert_eq!(voice.next(), 0.75);
/// let window: ZBox<[f32]> = as_dyn!(zone.boxed([0.5; 8]) => [f32]);
/// assert_eq!(window.len(), 8);
/// # Ok::<(), memzone::ZoneError>(())
/// ```
///
/// # Real-time
///
/// Yes.
#[macro_export]
#[doc(alias("CoerceUnsized", "unsize", "unsize_bump_box", "trait_object"))]
macro_rules! as_dyn {
    ($boxed:expr => $to:ty) => {{
        let boxed = $boxed;
        // SAFETY: (I47) the closure returns the pointer that it is given. Nothing but the compiler's own coercion makes
        // a `*mut $to` of it there.
        unsafe { $crate::__private::Unsizing::unsize(boxed, |value| -> *mut $to { value }) }
    }};
    ($($other:tt)*) => {
        ::core::compile_error!(
            "expected a box and what it is to be seen as: `as_dyn!(boxed => dyn Voice)`"
        )
    };
}
