//! The signatures of closures in zones, as `dyn FnMut` types, and how a closure becomes an object of such a type.

use core::ptr::NonNull;

/// The signature of a closure in a zone, as a `dyn FnMut` type. [`Zone::callback`](crate::Zone::callback) takes a
/// closure `F` that can be called in this way. `Form` tells the implementations apart, and the compiler finds it.
///
/// A lifetime that is not named is another one for each call, as in all `FnMut` types. In this table `A`, `B` and `C`
/// are any types, `[f32]` and other unsized ones behind references included.
///
/// | Arguments | For |
/// |---|---|
/// | none; `(A)`; `(A, B)`; `(A, B, C)` | values |
/// | `(&A)`; `(&mut A)` | a block in place |
/// | `(&A, &mut B)`; `(&mut A, &mut B)` | input to output; a state and a block |
/// | `(&mut A, &B)`; `(&mut A, B)`; `(&A, B)` | a state or a block, and a value |
/// | `(&mut A, &B, &mut C)`; `(&A, &mut B, C)` | a state, input and output; input, output and a value |
/// | `(&mut A, &mut B, C)`; `(&mut A, &mut B, &mut C)`; `(&A, &A, &mut B)` | a state, a block and a value; two inputs |
/// | `(&mut [&mut [A]])`; `(&[&[A]], &mut [&mut [A]])` | planar blocks as hosts hand them out |
/// | `(&[&[A]], &mut [A])` | a unit of a graph, with several inputs |
/// | `(&mut B, &mut [&mut [A]])`; `(&mut B, &[&[A]], &mut [&mut [A]])`; `(&mut B, &[&[A]], &mut [A])` | these with a state |
///
/// Each may have any result. [`signature!`](crate::signature) adds others, such as those with a block type of your own.
///
/// # Safety
///
/// `object` returns the address that it was given, as an object of type `F`. `Self` is a `dyn FnMut` type without
/// methods beyond those of `FnMut`. No method of `FnMut` can use that `Self: 'static`, which need not be so (I26).
#[diagnostic::on_unimplemented(
    message = "a `{F}` cannot be called as a `{Self}`",
    label = "its arguments or its result differ from those of the signature",
    note = "write the types of the closure's arguments, as in `|block: &mut [f32]|`; they must be those of the signature",
    note = "for a signature that `memzone::Signature` does not list, see `memzone::signature!`"
)]
pub unsafe trait Signature<Form, F> {
    /// The closure at this place as an object.
    #[doc(hidden)]
    fn object<'z>(closure: NonNull<F>) -> NonNull<Self>
    where
        F: 'z;
}

/// Adds a signature to those that [`Zone::callback`](crate::Zone::callback) takes closures for. Name it once, beside the
/// type that it is about.
///
/// ```
/// use memzone::ZoneFn;
///
/// /// A host's block, borrowed for one call.
/// struct Block<'a> {
///     channels: &'a mut [&'a mut [f32]],
///     seconds: f64,
/// }
///
/// memzone::signature!(FnMut(Block<'_>) -> bool);
///
/// type Unit = ZoneFn<dyn FnMut(Block<'_>) -> bool>;
///
/// let mut unit: Unit = ZoneFn::new(1024, |z| {
///     z.callback(|block: Block<'_>| {
///         block.channels.iter_mut().for_each(|channel| channel.fill(block.seconds as f32));
///         block.seconds < 1.0
///     })
/// });
/// let (mut left, mut right) = ([0.0; 64], [0.0; 64]);
/// for seconds in [0.5, 1.5] {
///     let goes_on = unit(Block { channels: &mut [&mut left, &mut right], seconds });
///     assert_eq!((goes_on, right[63]), (seconds < 1.0, seconds as f32));
/// }
/// ```
///
/// A signature must not be added twice in one program. So add only those with a type of your own among the arguments.
/// Type parameters come first, in brackets: `signature!([T] FnMut(&mut Bank<T>, Block<'_>))`.
///
/// # Real-time
///
/// Yes: nothing is done when the program runs.
#[macro_export]
macro_rules! signature {
    ([$($generic:ident),*] FnMut($($argument:ty),* $(,)?) $(-> $result:ty)?) => {
        const _: () = {
            enum __Form {}
            $crate::__signature!([__Form] [$($generic),*] [] [$($argument),*] [$($result)?]);
        };
    };
    (FnMut($($argument:ty),* $(,)?) $(-> $result:ty)?) => {
        $crate::signature!([] FnMut($($argument),*) $(-> $result)?);
    };
    ($($other:tt)*) => {
        ::core::compile_error!("a signature is written as `FnMut(Block<'_>) -> bool`");
    };
}

/// Implements `Signature`. There is no code of the user's inside of its `unsafe`: all that it names is found by `$crate`, as a
/// program may have a `::core` of its own (`extern crate self as core`).
#[doc(hidden)]
#[macro_export]
macro_rules! __signature {
    ([$form:ty] [$($generic:ident),*] [$($unsized:ident),*] [$($argument:ty),*] []) => {
        $crate::__signature!([$form] [$($generic),*] [$($unsized),*] [$($argument),*] [()]);
    };
    ([$form:ty] [$($generic:ident),*] [$($unsized:ident),*] [$($argument:ty),*] [$result:ty]) => {
        // SAFETY: (I26) the object has the closure's address, and its type has the methods of `FnMut` alone.
        unsafe impl<__F, $($generic,)* $($unsized: ?Sized),*> $crate::Signature<$form, __F>
            for dyn $crate::__private::core::ops::FnMut($($argument),*) -> $result
        where
            __F: $crate::__private::core::ops::FnMut($($argument),*) -> $result,
        {
            #[inline]
            fn object<'z>(
                closure: $crate::__private::core::ptr::NonNull<__F>,
            ) -> $crate::__private::core::ptr::NonNull<Self>
            where
                __F: 'z,
            {
                let object: $crate::__private::core::ptr::NonNull<
                    dyn $crate::__private::core::ops::FnMut($($argument),*) -> $result + 'z,
                > = closure;
                // SAFETY: (I26) the two types differ in the bound on the closure's lifetime alone.
                unsafe { $crate::__private::core::mem::transmute(object) }
            }
        }
    };
}

/// The crate's own signatures: a number as their form, the sized parameters, the unsized ones, the arguments.
macro_rules! signatures {
    ($($number:literal [$($generic:ident),*] [$($unsized:ident),*] ($($argument:ty),*);)*) => {
        $(__signature!([[(); $number]] [R $(, $generic)*] [$($unsized),*] [$($argument),*] [R]);)*
    };
}

signatures! {
    0 [] [] ();
    1 [A] [] (A);
    2 [A, B] [] (A, B);
    3 [A, B, C] [] (A, B, C);
    4 [] [A] (&A);
    5 [] [A] (&mut A);
    6 [] [A, B] (&A, &mut B);
    7 [] [A, B] (&mut A, &mut B);
    8 [] [A, B] (&mut A, &B);
    9 [B] [A] (&mut A, B);
    10 [B] [A] (&A, B);
    11 [] [A, B, C] (&mut A, &B, &mut C);
    12 [C] [A, B] (&A, &mut B, C);
    13 [C] [A, B] (&mut A, &mut B, C);
    14 [] [A, B, C] (&mut A, &mut B, &mut C);
    15 [] [A, B] (&A, &A, &mut B);
    16 [A] [] (&mut [&mut [A]]);
    17 [A] [] (&[&[A]], &mut [&mut [A]]);
    18 [A] [B] (&mut B, &mut [&mut [A]]);
    19 [A] [B] (&mut B, &[&[A]], &mut [&mut [A]]);
    20 [A] [] (&[&[A]], &mut [A]);
    21 [A] [B] (&mut B, &[&[A]], &mut [A]);
}
