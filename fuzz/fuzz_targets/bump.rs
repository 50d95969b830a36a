//! The arithmetic of bumping against a slow reference, in integers that nothing here can wrap.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;

// Not all of it is asked here.
#[allow(dead_code, unreachable_pub)]
#[path = "../../src/region/bump.rs"]
mod bump;

/// Small ones, those around powers of two, those around the top, and any.
#[derive(Clone, Copy, Debug)]
struct Number(usize);

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Number> {
        let near = |u: &mut Unstructured<'a>, around: usize| -> Result<usize> {
            Ok(around.wrapping_add(usize::from(u.arbitrary::<u8>()?)).wrapping_sub(128))
        };
        Ok(Number(match u.int_in_range(0..=4)? {
            0 => usize::from(u.arbitrary::<u16>()?),
            1 => {
                let bit = u.int_in_range(7..=63)?;
                near(u, 1 << bit)?
            }
            2 => usize::MAX - usize::from(u.arbitrary::<u8>()?),
            3 => near(u, isize::MAX as usize)?,
            _ => u.arbitrary()?,
        }))
    }
}

const STEP: u128 = bump::STEP as u128;

#[derive(Arbitrary, Debug)]
struct Input {
    cursor: Number,
    /// Bytes from the cursor to the end.
    room: Number,
    size: Number,
    log_align: u8,
    last: Number,
    total: Number,
    held: Number,
}

/// The next multiple, found as one does on paper.
fn up(number: u128, step: u128) -> u128 {
    number + (step - number % step) % step
}

fn rounded(size: usize) {
    let expected = up(size as u128, STEP);
    let expected = if expected > usize::MAX as u128 { 0 } else { expected };
    assert_eq!(bump::round_up_step(size) as u128, expected, "{size:x}");
}

fn placed(input: &Input) {
    let (cursor, size) = (input.cursor.0, input.size.0.max(1));
    let end = cursor.saturating_add(input.room.0);
    let align = 1_usize << (input.log_align % 64);
    let start = up(cursor as u128, align as u128);
    let after = start + size as u128;
    let place = bump::place(cursor, end, size, align);
    if after <= end as u128 {
        // It fits. One that can be had is refused only where rounding leaves the address space.
        let advance = up(after - cursor as u128, STEP);
        let Some(place) = place else {
            return assert!(advance > usize::MAX as u128, "{input:x?} would have fitted");
        };
        assert_eq!(place.skip as u128, start - cursor as u128, "{input:x?}");
        assert_eq!(place.advance as u128, advance.min((end - cursor) as u128), "{input:x?}");
        assert!(place.skip as u128 + size as u128 <= place.advance as u128, "{input:x?}");
    } else {
        assert_eq!(place, None, "{input:x?}");
    }
}

fn grown(input: &Input) {
    let (request, last, total, held) = (input.size.0, input.last.0, input.total.0, input.held.0);
    let wide = |number: usize| number as u128;
    let most = wide(usize::MAX);
    let doubled = (wide(last) * 2).min(64 << 20);
    let held = wide(held).max(64 << 10);
    // 2.1 times what is held; that the crate stops counting at the top makes no difference below it.
    let allowed = ((held * 2).min(most) + held / 10).min(most).saturating_sub(wide(total));
    let expected = doubled.min(allowed).max(wide(request));
    let block = bump::next_block(request, last, total, input.held.0);
    assert_eq!(wide(block), expected, "{input:x?}");
    assert!(block >= request, "{input:x?}");
    if block > request {
        assert!((wide(total) + wide(block)) * 10 <= held * 21, "more than 2.1 times: {input:x?}");
    }
}

fuzz_target!(|input: Input| {
    rounded(input.size.0);
    rounded(input.cursor.0);
    placed(&input);
    grown(&input);
});
