//! What leaves a scope, without a warning: types that flow inward, bodies that end elsewhere, what moves.
#![forbid(unsafe_code)]
#![deny(warnings)]

use memzone::{
    DeepCopy, Owned, ZBox, Zone, ZoneError, beginz, letz, peek_zone, try_beginz, try_letz,
};
use std::borrow::Cow;

struct Voice {
    gain: f32,
}

fn returns() -> u8 {
    beginz!({ return 3 })
}

fn returns_before_the_end(n: u8) -> Option<u8> {
    let half = beginz!({
        if n % 2 == 1 {
            return None;
        }
        n / 2
    });
    Some(half)
}

fn panics(n: u8) -> u8 {
    if n == 0 { beginz!({ panic!("zero") }) } else { n }
}

fn never() -> ! {
    letz!(a = 1 => panic!("{a}"))
}

fn breaks() -> u8 {
    loop {
        beginz!({ break });
    }
    4
}

fn tries() -> Result<u8, ZoneError> {
    try_beginz!({ return Ok(3) })
}

fn tries_a_sum(block: &[f32]) -> Result<f32, ZoneError> {
    try_letz!(a = [0.0; block.len()] => {
        a.copy_from_slice(block);
        a.iter().sum()
    })
}

fn any<T>(value: T) -> T {
    beginz!({ value })
}

fn owned<T: Owned>(value: T) -> T {
    let value = beginz!({ value });
    value
}

fn copied<'o, T: DeepCopy<'o>>(value: T, outer: &'o Zone) -> T::Copied {
    beginz!(_ in outer => value)
}

fn literal() -> Result<&'static str, String> {
    beginz!(Ok("literal"))
}

fn text() -> Cow<'static, str> {
    beginz!("text".into())
}

fn samples(outer: &Zone) -> Result<&[f32], ZoneError> {
    try_beginz!(z in outer => z.alloc_slice(3, 0.5))
}

fn some_samples(outer: &Zone) -> Option<&[f32]> {
    beginz!(z in outer => Some(z.alloc_slice(3, 0.5)))
}

fn window() -> ZBox<[f64]> {
    letz!(a = [0.0; 5], b = [0.0; 6000] => { a[0] = b[0]; a })
}

fn main() {
    assert_eq!(
        (returns(), returns_before_the_end(4), returns_before_the_end(3)),
        (3, Some(2), None)
    );
    assert_eq!((panics(1), breaks(), tries(), tries_a_sum(&[1.0, 2.0])), (1, 4, Ok(3), Ok(3.0)));
    assert_eq!((any(Voice { gain: 0.5 }).gain, owned(5), window().len()), (0.5, 5, 5));
    assert_eq!((literal(), &*text()), (Ok("literal"), "text"));
    let outer = Zone::new(1024);
    assert_eq!(
        (copied(&5, &outer), samples(&outer), some_samples(&outer)),
        (&5, Ok(&[0.5; 3][..]), Some(&[0.5; 3][..]))
    );
    let named: &mut u8 = beginz!(z in outer => z.alloc(1));
    assert_eq!((*named, beginz!(z in peek_zone() => z.alloc_slice(3, 0_u8)).len()), (1, 3));
    let nothing: Option<&str> = beginz!(None);
    assert_eq!(nothing, None);
    if nothing.is_some() {
        never();
    }
}
