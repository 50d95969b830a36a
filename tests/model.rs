//! Random operations on zones, against a model that knows which bytes are whose.

#[path = "common/model.rs"]
mod model;

use model::{Kind, Model, Op};
use proptest::prelude::*;

fn op() -> impl Strategy<Value = Op> {
    let zone = 0..4_usize;
    // Under Miri, each byte takes time.
    let most = if cfg!(miri) { 600 } else { 5_000_usize };
    let len = prop_oneof![6 => 0..80_usize, 2 => 80..most / 4, 1 => most / 4..most];
    let align = (0..13_u32).prop_map(|log| 1 << log);
    let index = 0..100_usize;
    prop_oneof![
        3 => (zone.clone(), len.clone(), align)
            .prop_map(|(zone, size, align)| Op::Layout { zone, size, align }),
        3 => (zone.clone(), len.clone()).prop_map(|(zone, len)| Op::Slice { zone, len }),
        2 => (zone.clone(), len.clone()).prop_map(|(zone, len)| Op::Text { zone, len }),
        2 => (zone.clone(), len.clone()).prop_map(|(zone, len)| Op::Collected { zone, len }),
        4 => (zone.clone(), len.clone()).prop_map(|(zone, len)| Op::Boxed { zone, len }),
        2 => len.prop_map(|len| Op::NewBox { len }),
        2 => index.clone().prop_map(|index| Op::DropBox { index }),
        4 => Just(Op::DropNewestBox),
        1 => zone.clone().prop_map(|zone| Op::Clone { zone }),
        1 => index.prop_map(|index| Op::DropClone { index }),
        2 => zone.clone().prop_map(|zone| Op::Reset { zone }),
        1 => zone.prop_map(|zone| Op::Push { zone }),
        1 => Just(Op::Pop),
        2 => (0..40_000_usize).prop_map(|bytes| Op::Enter { bytes }),
        2 => Just(Op::Leave),
        4 => more(),
        4 => owners(),
    ]
}

/// What owns zones, and what leaves them.
fn owners() -> impl Strategy<Value = Op> {
    let (zone, index, len) = (0..4_usize, 0..100_usize, 0..400_usize);
    let bytes = 0..20_000_usize;
    prop_oneof![
        2 => (bytes.clone(), len.clone(), 1..4_usize)
            .prop_map(|(bytes, len, steps)| Op::Task { bytes, len, steps }),
        4 => index.clone().prop_map(|index| Op::Poll { index }),
        1 => index.clone().prop_map(|index| Op::DropTask { index }),
        3 => (zone.clone(), len.clone(), any::<u8>())
            .prop_map(|(zone, len, form)| Op::CopyIn { zone, len, form }),
        1 => (zone.clone(), len.clone(), any::<bool>())
            .prop_map(|(zone, len, back)| Op::Send { zone, len, back }),
        1 => (zone.clone(), len.clone(), any::<bool>())
            .prop_map(|(zone, len, sent)| Op::Parcel { zone, len, sent }),
        1 => (zone.clone(), len.clone(), any::<bool>())
            .prop_map(|(zone, len, sent)| Op::Function { zone, len, sent }),
        2 => (zone, len.clone()).prop_map(|(zone, len)| Op::Vector { zone, len }),
        4 => (index, len, any::<u8>())
            .prop_map(|(index, len, how)| Op::Change { index, len, how }),
        1 => (0..4_usize, bytes).prop_map(|(scopes, bytes)| Op::Prepare { scopes, bytes }),
    ]
}

/// What is rarer, and meddles with the order of things.
fn more() -> impl Strategy<Value = Op> {
    let (zone, index, bytes) = (0..4_usize, 0..100_usize, 0..40_000_usize);
    let throws = prop::bool::weighted(0.3);
    prop_oneof![
        2 => Just(Op::Throw),
        1 => zone.clone().prop_map(|zone| Op::Within { zone }),
        3 => bytes.clone().prop_map(|bytes| Op::Open { bytes }),
        3 => index.clone().prop_map(|index| Op::End { index }),
        3 => (zone.clone(), throws).prop_map(|(zone, throws)| Op::Hook { zone, throws }),
        2 => (zone.clone(), 0..50_usize, index.clone(), any::<u8>())
            .prop_map(|(zone, len, at, how)| Op::Interrupted { zone, len, at, how }),
        3 => (zone.clone(), throws).prop_map(|(zone, throws)| Op::Value { zone, throws }),
        2 => (index.clone(), any::<bool>())
            .prop_map(|(index, take)| Op::DropValue { index, take }),
        1 => (zone, bytes.clone()).prop_map(|(zone, bytes)| Op::Renew { zone, bytes }),
        1 => any::<bool>().prop_map(|deny| Op::Section { deny }),
        2 => index.prop_map(|index| Op::EndSection { index }),
        1 => Just(Op::Collect),
        1 => bytes.prop_map(|bytes| Op::KeepLimit { bytes }),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::New(0)),
        (1..9_000_usize).prop_map(Kind::New),
        (500..30_000_usize).prop_map(Kind::Limited),
        (0..9_000_usize).prop_map(Kind::Fixed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    #[cfg_attr(panic = "abort", ignore = "needs unwinding")]
    fn zones_do_what_the_model_says(
        kinds in prop::collection::vec(kind(), 1..4),
        ops in prop::collection::vec(op(), 0..if cfg!(miri) { 25 } else { 120 }),
    ) {
        let mut model = Model::new(&kinds);
        model.run(&mut ops.into_iter());
        model.finish();
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
    fn a_thread_may_end_with_all_of_the_model_alive(
        kinds in prop::collection::vec(kind(), 1..4),
        ops in prop::collection::vec(op(), 0..if cfg!(miri) { 25 } else { 60 }),
        stack_first in any::<bool>(),
    ) {
        Model::leave_alive(&kinds, ops, stack_first);
    }
}
