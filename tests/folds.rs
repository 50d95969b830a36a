//! Iterators whose own loops call what they are handed as often as they like: what is taken of them is counted by
//! memzone's loop, never by theirs.
//!
//! `try_fold` can only be written where `Try` has a name, which is nightly Rust's. Miri is, so that one runs there.

#![cfg_attr(miri, feature(try_trait_v2, min_specialization))]
#![forbid(unsafe_code)]

use memzone::Zone;

/// Says that there is one item, and has none, but for its own loops, which have two thousand.
struct Hostile;

impl Iterator for Hostile {
    type Item = u64;
    fn next(&mut self) -> Option<u64> {
        None
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (1, Some(1))
    }
    fn fold<B, F: FnMut(B, u64) -> B>(self, first: B, f: F) -> B {
        (0..2000).fold(first, f)
    }
    fn for_each<F: FnMut(u64)>(self, f: F) {
        (0..2000).for_each(f);
    }
    #[cfg(miri)]
    fn try_fold<B, F, R>(&mut self, first: B, mut f: F) -> R
    where
        F: FnMut(B, u64) -> R,
        R: std::ops::Try<Output = B>,
    {
        use std::ops::ControlFlow;
        let spare: Vec<B> = (0..2000).filter_map(|_| again::Again::again(&first)).collect();
        let mut last = R::from_output(first);
        for (n, state) in spare.into_iter().enumerate() {
            last = f(state, n as u64);
        }
        match last.branch() {
            ControlFlow::Continue(state) => R::from_output(state),
            ControlFlow::Break(rest) => R::from_residual(rest),
        }
    }
}

/// A second one of a value of any type, if it is a number or nothing: what loops have for a state. With it `Hostile` starts
/// them again.
#[cfg(miri)]
mod again {
    pub(super) trait Again: Sized {
        fn again(&self) -> Option<Self>;
    }
    impl<T> Again for T {
        default fn again(&self) -> Option<T> {
            None
        }
    }
    impl Again for usize {
        fn again(&self) -> Option<usize> {
            Some(*self)
        }
    }
    impl Again for () {
        fn again(&self) -> Option<()> {
            Some(())
        }
    }
}

#[test]
fn an_iterators_own_loops_write_no_further_than_there_is_room() {
    let zone = Zone::new(64);
    let before = zone.alloc(7_u64);
    // Of two thousand items only as many as there is room for, and one that is over.
    assert!(zone.alloc_iter(Hostile).len() <= 2);
    assert!(zone.try_alloc_iter(Hostile).unwrap().len() <= 2);
    assert_eq!((zone.alloc(8_u64), before, zone.blocks()), (&mut 8, &mut 7, 1));
}
