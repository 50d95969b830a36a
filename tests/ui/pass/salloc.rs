//! `salloc!` names everything by its full path, is clean of warnings, and `salloc_with` knows the
//! limits of the main thread too.
#![forbid(unsafe_code)]
#![deny(warnings)]
#![no_implicit_prelude]

use ::core::{assert, assert_eq, matches};

#[allow(dead_code)]
mod core {}
#[allow(dead_code)]
mod std {}
#[allow(dead_code)]
mod memzone {}
#[allow(dead_code)]
trait Default {}
#[allow(dead_code)]
enum Option {
    None,
}

const LEN: usize = 4;

fn generic<T: ::core::marker::Copy + ::core::default::Default>() -> T {
    ::memzone::salloc!(T; 4)[0]
}

fn descend(depth: usize) -> usize {
    match ::memzone::salloc_with(100_000, depth, |slice| {
        let deeper = descend(depth + 1);
        assert_eq!(slice[99_999], depth);
        deeper
    }) {
        ::core::result::Result::Ok(deeper) => deeper,
        ::core::result::Result::Err(error) => {
            assert!(matches!(error, ::memzone::ZoneError::TooLarge { .. }));
            depth
        }
    }
}

fn main() {
    let value = 1_u8;
    let (values, blocks) = (::memzone::salloc![value; 4], ::memzone::salloc![{ value }; { LEN }]);
    assert_eq!(values, blocks);
    assert_eq!(::memzone::salloc!([[u8; 40]; 2]; 4)[3], [[0; 40]; 2]);
    assert_eq!(generic::<f32>(), 0.0);
    // Each is 800,000 bytes; with the usual 8 MiB there is room for some.
    descend(0);
}
