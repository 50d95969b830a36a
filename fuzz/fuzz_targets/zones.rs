//! Random programs over zones, handles, the stack, scopes, boxes, hooks, panics and real-time sections, against the
//! model of `tests/model.rs`.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use model::{Kind, Model, Op};

#[path = "../../tests/common/model.rs"]
mod model;

#[derive(Debug)]
struct Input {
    kinds: Vec<Kind>,
    ops: Vec<Op>,
}

fn kind(u: &mut Unstructured<'_>) -> Result<Kind> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Kind::New(0),
        1 => Kind::New(u.int_in_range(1..=9_000)?),
        2 => Kind::Limited(u.int_in_range(500..=30_000)?),
        _ => Kind::Fixed(u.int_in_range(0..=9_000)?),
    })
}

fn len(u: &mut Unstructured<'_>) -> Result<usize> {
    match u.int_in_range(0..=7)? {
        0..=5 => u.int_in_range(0..=80),
        6 => u.int_in_range(80..=1_250),
        _ => u.int_in_range(1_250..=5_000),
    }
}

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    let kind = u.int_in_range(0..=31)?;
    let zone = usize::from(u.arbitrary::<u8>()? % 8);
    let index = |u: &mut Unstructured<'_>| Ok(usize::from(u.arbitrary::<u8>()?));
    Ok(match kind {
        0 => Op::Layout { zone, size: len(u)?, align: 1 << u.int_in_range(0..=12)? },
        1 => Op::Slice { zone, len: len(u)? },
        2 => Op::Text { zone, len: len(u)? },
        3 => Op::Collected { zone, len: len(u)? },
        4 | 5 => Op::Boxed { zone, len: len(u)? },
        6 => Op::NewBox { len: len(u)? },
        7 => Op::DropBox { index: index(u)? },
        8 | 9 => Op::DropNewestBox,
        10 => Op::Clone { zone },
        11 => Op::DropClone { index: index(u)? },
        12 => Op::Reset { zone },
        13 => Op::Push { zone },
        14 => Op::Pop,
        15 | 16 => Op::Enter { bytes: u.int_in_range(0..=40_000)? },
        17 | 18 => Op::Leave,
        19 => Op::Throw,
        20 => Op::Within { zone },
        21 => Op::Open { bytes: u.int_in_range(0..=40_000)? },
        22 | 23 => Op::End { index: index(u)? },
        24 => Op::Hook { zone, throws: u.ratio(1, 3)? },
        25 => Op::Interrupted {
            zone,
            len: u.int_in_range(0..=50)?,
            at: index(u)?,
            how: u.arbitrary()?,
        },
        26 => Op::Value { zone, throws: u.ratio(1, 3)? },
        27 => Op::DropValue { index: index(u)?, take: u.arbitrary()? },
        28 => Op::Renew { zone, bytes: u.int_in_range(0..=20_000)? },
        29 => Op::Section { deny: u.arbitrary()? },
        30 => Op::EndSection { index: index(u)? },
        _ if u.arbitrary()? => Op::Collect,
        _ => Op::KeepLimit { bytes: u.int_in_range(0..=100_000)? },
    })
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Input> {
        let count = u.int_in_range(1..=3)?;
        let kinds = (0..count).map(|_| kind(u)).collect::<Result<_>>()?;
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 150 {
            ops.push(op(u)?);
        }
        Ok(Input { kinds, ops })
    }
}

fuzz_target!(|input: Input| {
    let mut model = Model::new(&input.kinds);
    model.run(&mut input.ops.into_iter());
    model.finish();
});
