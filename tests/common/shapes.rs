//! Values of any shape, and what checks that their copies are equal and independent.
//!
//! Used by `tests/deep_copy.rs` and `fuzz/fuzz_targets/copy.rs`.

// Not every user uses all of it.
#![allow(dead_code, unreachable_pub)]

use memzone::{DeepCopy, ZBox, Zone, beginz, zcopy};

static JUNK: [u8; 1 << 16] = [0xa5; 1 << 16];

pub fn fill(zone: &Zone) {
    zone.alloc_slice_copy(&JUNK[..zone.remaining().min(JUNK.len())]);
}

/// Overwrites all that was in a source zone, and frees it.
pub fn overwrite(mut zone: Zone) {
    zone.reset().unwrap();
    fill(&zone);
}

/// Overwrites what ended scopes have left in their spare zones.
pub fn overwrite_spares() {
    beginz!(a => { fill(a); beginz!(b => { fill(b); }); });
}

/// A model of any shape, that also copies by itself.
#[derive(DeepCopy, Clone, Debug, PartialEq)]
pub enum Model {
    Number(Option<u64>),
    Text(String),
    Many(Vec<Model>),
    Few(Box<[Model]>),
    One(Box<Model>),
    Zoned(ZBox<Model>),
    Pair(ZBox<(Model, [Model; 1])>),
}

/// The same in zones.
#[derive(DeepCopy, Debug, PartialEq)]
pub enum Plant<'z> {
    Number(Option<u64>),
    Text(&'z mut str),
    Many(&'z [Plant<'z>]),
    Few(&'z mut [Plant<'z>]),
    One(&'z mut Plant<'z>),
    Pair(&'z (Plant<'z>, [Plant<'z>; 1])),
}

pub fn plant<'z>(model: &Model, z: &'z Zone) -> Plant<'z> {
    let all = |models: &[Model]| z.alloc_iter(models.iter().map(|model| plant(model, z)));
    match model {
        Model::Number(number) => Plant::Number(*number),
        Model::Text(text) => Plant::Text(z.alloc_str(text)),
        Model::Many(many) => Plant::Many(all(many)),
        Model::Few(few) => Plant::Few(all(few)),
        Model::One(one) => Plant::One(z.alloc(plant(one, z))),
        Model::Zoned(one) => Plant::One(z.alloc(plant(one, z))),
        Model::Pair(pair) => Plant::Pair(z.alloc((plant(&pair.0, z), [plant(&pair.1[0], z)]))),
    }
}

/// Copies the value by every way there is, overwrites what it was copied from, and compares.
pub fn check(model: &Model) {
    let (source, target, other) = (Zone::new(0), Zone::new(0), Zone::new(0));
    let planted = plant(model, &other);
    let copy = {
        let planted = plant(model, &source);
        zcopy(&planted, &target)
    };
    overwrite(source);
    assert_eq!(copy, planted);
    let copy = beginz!(z in &target => { beginz!(y in z => { plant(model, y) }) });
    overwrite_spares();
    assert_eq!(copy, planted);

    let text = format!("{model:?}");
    let boxes = text.matches("Zoned(").count() + text.matches("Pair(").count();
    let copy = zcopy(model, &target);
    assert_eq!(&copy, model);
    assert_eq!(target.handles(), 1 + boxes, "each box is in the target");
    let moved = beginz!(_z in &target => { copy });
    assert_eq!(&moved, model);
    assert_eq!(target.handles(), 1 + boxes);
}
