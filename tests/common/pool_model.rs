//! A model of a `Pool`, and operations on both.
//!
//! Used by `tests/pool.rs` and `fuzz/fuzz_targets/pool.rs`.

// Not every user uses all of it.
#![allow(dead_code, unreachable_pub)]

use memzone::{Pool, PoolBox, PoolFull, PoolKey, Zone};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::forget;

/// What became of each value, by its number.
#[derive(Default)]
struct Ledger(RefCell<Vec<Fate>>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Alive,
    Dropped,
    Forgotten,
}

/// A value that is aligned like `A`, and notes its drop.
struct Value<'a, A> {
    id: usize,
    /// So that Miri, and a debugging `malloc`, see what is dropped twice or never.
    heap: Option<Box<usize>>,
    ledger: &'a Ledger,
    aligned: [A; 0],
}

impl<'a, A> Value<'a, A> {
    fn new(ledger: &'a Ledger) -> Self {
        let id = ledger.0.borrow().len();
        ledger.0.borrow_mut().push(Fate::Alive);
        Value { id, heap: Some(Box::new(id)), ledger, aligned: [] }
    }

    /// Its number, when it is whole and still alive.
    fn check(&self) -> usize {
        assert!((&raw const *self).is_aligned());
        assert_eq!(self.heap.as_deref(), Some(&self.id));
        assert_eq!(self.ledger.0.borrow()[self.id], Fate::Alive);
        assert!(self.aligned.is_empty());
        self.id
    }
}

impl<A> Drop for Value<'_, A> {
    fn drop(&mut self) {
        let before = std::mem::replace(&mut self.ledger.0.borrow_mut()[self.id], Fate::Dropped);
        assert_eq!(before, Fate::Alive);
    }
}

#[derive(Clone, Debug)]
pub enum Op {
    Insert,
    /// With a live key, chosen by this number.
    Remove(usize),
    GetMut(usize),
    /// With a key that was removed.
    Stale(usize),
    /// Keeps those whose number is no multiple of this.
    Retain(usize),
    Clear,
    Boxes(Vec<BoxOp>),
}

#[derive(Clone, Debug)]
pub enum BoxOp {
    New,
    Drop(usize),
    IntoInner(usize),
    Forget(usize),
}

/// What a pool should be like: its values by their address, so in the order of the slots.
#[derive(Default)]
struct Model {
    live: BTreeMap<usize, (PoolKey, usize)>,
    gone: Vec<PoolKey>,
    forgotten: usize,
}

impl Model {
    fn pick(&self, number: usize) -> Option<(usize, PoolKey, usize)> {
        let nth = number.checked_rem(self.live.len())?;
        self.live.iter().nth(nth).map(|(&address, &(key, id))| (address, key, id))
    }

    fn compare<A>(&self, pool: &Pool<Value<'_, A>>, boxes: usize) {
        assert_eq!(pool.len(), self.live.len() + self.forgotten + boxes);
        assert_eq!(pool.is_full(), pool.len() == pool.capacity());
        assert_eq!(pool.is_empty(), self.live.len() + self.forgotten + boxes == 0);
        let seen = pool.iter().map(|value| ((&raw const *value).addr(), value.check()));
        assert_eq!(seen.len(), self.live.len());
        assert!(seen.eq(self.live.iter().map(|(&address, &(_, id))| (address, id))));
        assert!(pool.keys().eq(self.live.values().map(|&(key, _)| key)));
    }
}

/// Runs the operations on a pool and on the model.
pub fn run<A>(slots: usize, ops: &[Op]) {
    let ledger = Ledger::default();
    let zone = Zone::new(4096);
    let mut pool: Pool<Value<A>> = zone.pool(slots);
    let mut model = Model::default();
    for op in ops {
        match op {
            Op::Insert => {
                let value = Value::new(&ledger);
                let (id, full) = (value.id, pool.is_full());
                match pool.insert(value) {
                    Ok(key) => {
                        let address = (&raw const *pool.get(key).unwrap()).addr();
                        assert!(model.live.insert(address, (key, id)).is_none() && !full);
                    }
                    Err(PoolFull(value)) => assert!(value.check() == id && full),
                }
            }
            Op::Remove(number) => {
                if let Some((address, key, id)) = model.pick(*number) {
                    assert_eq!(pool.remove(key).unwrap().check(), id);
                    model.live.remove(&address);
                    model.gone.push(key);
                }
            }
            Op::GetMut(number) => {
                if let Some((address, key, id)) = model.pick(*number) {
                    let value = pool.get_mut(key).unwrap();
                    assert_eq!(((&raw const *value).addr(), value.check()), (address, id));
                    value.heap = Some(Box::new(id));
                }
            }
            Op::Stale(number) => {
                if let Some(nth) = number.checked_rem(model.gone.len()) {
                    let key = model.gone[nth];
                    assert!(pool.get(key).is_none() && pool.get_mut(key).is_none());
                    assert!(pool.remove(key).is_none());
                }
            }
            Op::Retain(by) => {
                pool.retain(|value| value.check() % by != 0);
                model.live.retain(|_, &mut (key, id)| {
                    if id % by == 0 {
                        model.gone.push(key);
                        assert_eq!(ledger.0.borrow()[id], Fate::Dropped);
                    }
                    id % by != 0
                });
            }
            Op::Clear => {
                pool.clear();
                model.gone.extend(std::mem::take(&mut model.live).values().map(|&(key, _)| key));
                model.forgotten = 0;
            }
            Op::Boxes(ops) => {
                let mut boxes: Vec<PoolBox<Value<A>>> = Vec::new();
                for op in ops {
                    match op {
                        BoxOp::New => match pool.boxed(Value::new(&ledger)) {
                            Ok(boxed) => boxes.push(boxed),
                            Err(PoolFull(value)) => drop(value.check()),
                        },
                        _ if boxes.is_empty() => {}
                        BoxOp::Drop(number) => {
                            let boxed = boxes.swap_remove(number % boxes.len());
                            let id = boxed.check();
                            drop(boxed);
                            assert_eq!(ledger.0.borrow()[id], Fate::Dropped);
                        }
                        BoxOp::IntoInner(number) => {
                            let boxed = boxes.swap_remove(number % boxes.len());
                            let id = boxed.id;
                            assert_eq!(PoolBox::into_inner(boxed).check(), id);
                        }
                        BoxOp::Forget(number) => {
                            let mut boxed = boxes.swap_remove(number % boxes.len());
                            ledger.0.borrow_mut()[boxed.id] = Fate::Forgotten;
                            boxed.heap = None;
                            forget(boxed);
                            model.forgotten += 1;
                        }
                    }
                    boxes.iter_mut().for_each(|boxed| boxed.heap = Some(Box::new(boxed.check())));
                    model.compare(&pool, boxes.len());
                }
            }
        }
        model.compare(&pool, 0);
    }
    drop(pool);
    assert!(ledger.0.borrow().iter().all(|&fate| fate != Fate::Alive));
}
