//! Random programs over zones, handles, the stack, scopes, tasks, boxes, collections, hooks, panics, real-time sections
//! and other threads, against the model of `tests/model.rs`.
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
    /// Whether a thread ends with all of it alive, and whether its stack goes first.
    abandoned: Option<bool>,
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
    let kind = u.int_in_range(0..=47)?;
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
        31 if u.arbitrary()? => Op::Collect,
        31 => Op::KeepLimit { bytes: u.int_in_range(0..=100_000)? },
        32 | 33 => Op::Task {
            bytes: u.int_in_range(0..=40_000)?,
            len: len(u)?,
            steps: u.int_in_range(1..=4)?,
        },
        34..=36 => Op::Poll { index: index(u)? },
        37 => Op::DropTask { index: index(u)? },
        38 | 39 => Op::CopyIn { zone, len: len(u)?, form: u.arbitrary()? },
        40 => Op::Send { zone, len: len(u)?, back: u.arbitrary()? },
        41 => Op::Parcel { zone, len: len(u)?, sent: u.ratio(1, 4)? },
        42 => Op::Function { zone, len: len(u)?, sent: u.ratio(1, 4)? },
        43 | 44 => Op::Vector { zone, len: len(u)? },
        45 | 46 => Op::Change { index: index(u)?, len: len(u)?, how: u.arbitrary()? },
        _ => Op::Prepare { scopes: u.int_in_range(0..=3)?, bytes: u.int_in_range(0..=20_000)? },
    })
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Input> {
        let count = u.int_in_range(1..=3)?;
        let abandoned = if u.ratio(1, 8)? { Some(u.arbitrary()?) } else { None };
        let kinds = (0..count).map(|_| kind(u)).collect::<Result<_>>()?;
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 150 {
            ops.push(op(u)?);
        }
        Ok(Input { kinds, ops, abandoned })
    }
}

fuzz_target!(|input: Input| {
    if let Some(stack_first) = input.abandoned {
        return Model::leave_alive(&input.kinds, input.ops, stack_first);
    }
    let mut model = Model::new(&input.kinds);
    model.run(&mut input.ops.into_iter());
    model.finish();
});
