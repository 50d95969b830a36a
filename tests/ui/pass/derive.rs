//! What the derive takes.
#![forbid(unsafe_code)]
#![deny(warnings)]
#![allow(dead_code)]

use memzone::{DeepCopy, Keep, ZBox, Zone, zcopy};
use std::cell::Cell;
use std::fmt::Debug;

#[derive(DeepCopy)]
struct Unit;

#[derive(DeepCopy)]
struct Tuple<'a>(&'a str, &'a mut [f32], [u8; 4]);

#[derive(DeepCopy)]
struct Owner {
    name: String,
    parts: Vec<Box<Owner>>,
    gain: ZBox<f32>,
    label: Keep<&'static str>,
}

#[derive(DeepCopy)]
struct Generic<'a, T: Copy + Debug, U = u8, const N: usize = 2>
where
    U: Clone,
    Option<U>: Clone,
{
    items: &'a [T],
    more: [U; N],
    cell: Cell<Option<&'a T>>,
}

#[derive(DeepCopy)]
enum Tree<'a, T> {
    Leaf,
    Fork { left: &'a Tree<'a, T>, item: T, right: &'a Tree<'a, T> },
}

#[derive(DeepCopy)]
enum Void {}

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
struct Flat<T> {
    value: T,
    number: u64,
}

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
#[repr(u8)]
enum Wave {
    Sine = 1,
    Saw,
}

fn main() {
    let outer = Zone::new(1024);
    let copy = {
        let inner = Zone::new(1024);
        let one = &*inner.alloc(1_u16);
        let items = &*inner.alloc_slice(4, 2_u16);
        let source = Generic { items, more: [Wave::Sine, Wave::Saw], cell: Cell::new(Some(one)) };
        zcopy(&source, &outer)
    };
    assert_eq!((copy.items, copy.cell.get()), (&[2, 2, 2, 2][..], Some(&1)));
    assert!(matches!(copy.more, [Wave::Sine, Wave::Saw]));

    let tree = {
        let inner = Zone::new(1024);
        let leaf = inner.alloc(Tree::Leaf);
        zcopy(&Tree::Fork { left: leaf, item: Flat { value: 1, number: 2 }, right: leaf }, &outer)
    };
    let Tree::Fork { item, .. } = tree else { panic!("a fork was copied") };
    assert_eq!((item.value, item.number), (1, 2));
    zcopy(&Unit, &outer);
}
