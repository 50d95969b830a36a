//! A pool against its model, that of `tests/pool.rs`.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use model::{BoxOp, Op};

#[path = "../../tests/common/pool_model.rs"]
mod model;

#[derive(Debug)]
struct Input {
    slots: usize,
    wide: bool,
    ops: Vec<Op>,
}

fn index(u: &mut Unstructured<'_>) -> Result<usize> {
    Ok(usize::from(u.arbitrary::<u8>()?))
}

fn box_op(u: &mut Unstructured<'_>) -> Result<BoxOp> {
    Ok(match u.int_in_range(0..=7)? {
        0..=3 => BoxOp::New,
        4 | 5 => BoxOp::Drop(index(u)?),
        6 => BoxOp::IntoInner(index(u)?),
        _ => BoxOp::Forget(index(u)?),
    })
}

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    Ok(match u.int_in_range(0..=15)? {
        0..=5 => Op::Insert,
        6..=9 => Op::Remove(index(u)?),
        10 => Op::GetMut(index(u)?),
        11 | 12 => Op::Stale(index(u)?),
        13 => Op::Retain(u.int_in_range(1..=7)?),
        14 => Op::Clear,
        _ => {
            let len = u.int_in_range(0..=12)?;
            Op::Boxes((0..len).map(|_| box_op(u)).collect::<Result<_>>()?)
        }
    })
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Input> {
        let (slots, wide) = (u.int_in_range(0..=20)?, u.arbitrary()?);
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 400 {
            ops.push(op(u)?);
        }
        Ok(Input { slots, wide, ops })
    }
}

fuzz_target!(|input: Input| {
    #[repr(align(256))]
    struct Wide;
    if input.wide {
        model::run::<Wide>(input.slots, &input.ops);
    } else {
        model::run::<u8>(input.slots, &input.ops);
    }
});
