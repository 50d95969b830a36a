//! Random programs over vectors, a text, a map and a queue in one zone, beside the standard library's. The zone is small,
//! so that any step may find no room: then nothing has changed, and what was to go in comes back.
//!
//! Used by `tests/zmap.rs` and `fuzz/fuzz_targets/collections.rs`.

#![allow(unreachable_pub)]

use memzone::{Refused, ZHeap, ZHeapPeekMut, ZMap, ZString, ZVec, Zone, ZoneError, try_beginz};
use std::collections::HashMap;
use std::collections::binary_heap::{BinaryHeap, PeekMut};

/// The program's bytes, and zeros after their end.
struct Program<'a>(std::slice::Iter<'a, u8>);

impl Program<'_> {
    fn byte(&mut self) -> usize {
        self.0.next().copied().unwrap_or(0).into()
    }

    fn below(&mut self, end: usize) -> usize {
        (self.byte() << 8 | self.byte()) % end.max(1)
    }

    /// A range within `0..=len`.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let (a, b) = (self.below(len + 1), self.below(len + 1));
        a.min(b)..a.max(b)
    }
}

struct Pair<'z> {
    ours: ZVec<'z, u16>,
    theirs: Vec<u16>,
}

struct World<'z> {
    zone: &'z Zone,
    vectors: [Pair<'z>; 3],
    text: (ZString<'z>, String),
    map: (ZMap<'z, u8, u16>, HashMap<u8, u16>),
    queue: (ZHeap<'z, u16>, BinaryHeap<u16>),
}

fn is_full(error: ZoneError) {
    assert!(matches!(error, ZoneError::LimitReached { .. }), "{error}");
}

/// Does the same to the standard library's if there was room.
fn both(result: Result<(), ZoneError>, theirs: impl FnOnce()) {
    match result {
        Ok(()) => theirs(),
        Err(error) => is_full(error),
    }
}

impl<'z> World<'z> {
    fn new(zone: &'z Zone) -> Self {
        let pair = || Pair { ours: zone.vec(), theirs: Vec::new() };
        World {
            zone,
            vectors: [pair(), pair(), pair()],
            text: (zone.string(), String::new()),
            map: (zone.map(), HashMap::new()),
            queue: (ZHeap::new_in(zone), BinaryHeap::new()),
        }
    }

    fn vector_step(&mut self, program: &mut Program<'_>) {
        let [first, second, ..] = &mut self.vectors;
        let Pair { ours, theirs } = &mut *first;
        let (op, value) = (program.byte() % 22, program.byte() as u16);
        let range = program.range(theirs.len());
        let at = range.start;
        match op {
            0 | 1 => match ours.try_push(value) {
                Ok(()) => theirs.push(value),
                Err(Refused { error, value: back }) => {
                    is_full(error);
                    assert_eq!(back, value);
                }
            },
            2 => match ours.try_insert(at, value) {
                Ok(()) => theirs.insert(at, value),
                Err(refused) => assert_eq!(refused.value, value),
            },
            3 => assert_eq!(ours.pop(), theirs.pop()),
            4 if at < theirs.len() => assert_eq!(ours.remove(at), theirs.remove(at)),
            5 if at < theirs.len() => assert_eq!(ours.swap_remove(at), theirs.swap_remove(at)),
            6 => {
                ours.retain(|item| item % 3 != value % 3);
                theirs.retain(|item| item % 3 != value % 3);
            }
            7 => {
                ours.dedup_by_key(|item| *item / 4);
                theirs.dedup_by_key(|item| *item / 4);
            }
            8 => assert!(ours.drain(range.clone()).eq(theirs.drain(range))),
            9 => {
                let new: Vec<u16> = (0..value % 9).collect();
                match ours.try_splice(range.clone(), new.iter().copied().filter(|n| *n != 3)) {
                    Ok(old) => {
                        assert!(old.eq(theirs.splice(range, new.into_iter().filter(|n| *n != 3))));
                    }
                    Err(error) => is_full(error),
                }
            }
            10 => {
                let items = || (0..value % 40).map(|n| n * 7);
                let rest = ours.try_extend(items()).map_err(|refused| {
                    is_full(refused.error);
                    refused.value.collect::<Vec<_>>()
                });
                let left = rest.err().unwrap_or_default();
                theirs.extend(items());
                assert_eq!(theirs.split_off(theirs.len() - left.len()), left);
            }
            11 => both(ours.try_extend_from_within(range.clone()), || {
                theirs.extend_from_within(range)
            }),
            12 => both(ours.try_resize(value.into(), 7), || theirs.resize(value.into(), 7)),
            13 => match ours.try_split_off(at) {
                Ok(rest) => {
                    assert_eq!(rest, theirs.split_off(at));
                    *second = Pair { theirs: rest.to_vec(), ours: rest };
                }
                Err(error) => is_full(error),
            },
            14 => both(ours.try_append(&mut second.ours), || theirs.append(&mut second.theirs)),
            15 => ours.shrink_to_fit(),
            16 => {
                ours.sort_unstable();
                theirs.sort_unstable();
            }
            17 => both(ours.try_reserve_exact(value.into()), || ()),
            18 => {
                let taken: Vec<u16> =
                    theirs[range.clone()].iter().copied().filter(|n| n % 2 == 0).collect();
                let kept: Vec<u16> = theirs
                    .iter()
                    .enumerate()
                    .filter(|(n, item)| !range.contains(n) || *item % 2 != 0)
                    .map(|(_, item)| *item)
                    .collect();
                assert!(ours.extract_if(range, |item| *item % 2 == 0).eq(taken));
                *theirs = kept;
            }
            19 => {
                // It ends, and another begins.
                let zone = self.zone;
                let old = std::mem::replace(ours, zone.vec());
                let kept: &mut [u16] = old.into_slice();
                assert_eq!(kept, &theirs[..]);
                theirs.clear();
            }
            20 => {
                std::mem::replace(ours, self.zone.vec()).give_back();
                theirs.clear();
            }
            _ => {
                // A copy leaves a scope.
                let left: Result<ZVec<u16>, ZoneError> =
                    try_beginz!(z in self.zone => ours.clone_in(z));
                if let Ok(left) = left {
                    assert_eq!(left, *theirs);
                    *ours = left;
                }
            }
        }
    }

    fn text_step(&mut self, program: &mut Program<'_>) {
        let (ours, theirs) = &mut self.text;
        let character = ['a', 'ö', '€', '𝄞'][program.byte() % 4];
        let mut range = program.range(theirs.len());
        while !theirs.is_char_boundary(range.start) {
            range.start -= 1;
        }
        while !theirs.is_char_boundary(range.end) {
            range.end += 1;
        }
        let at = range.start;
        match program.byte() % 10 {
            0 | 1 => both(ours.try_push(character), || theirs.push(character)),
            2 => both(ours.try_insert(at, character), || theirs.insert(at, character)),
            3 => assert_eq!(ours.pop(), theirs.pop()),
            4 if at < theirs.len() => assert_eq!(ours.remove(at), theirs.remove(at)),
            5 => {
                ours.retain(|c| c != character);
                theirs.retain(|c| c != character);
            }
            6 => assert!(ours.drain(range.clone()).eq(theirs.drain(range))),
            7 => both(ours.try_replace_range(range.clone(), "ß-"), || {
                theirs.replace_range(range, "ß-")
            }),
            8 => both(ours.try_push_fmt(format_args!("{at}{character}")), || {
                *theirs += &format!("{at}{character}")
            }),
            _ => {
                ours.truncate(at);
                theirs.truncate(at);
            }
        }
    }

    fn map_step(&mut self, program: &mut Program<'_>) {
        let (ours, theirs) = &mut self.map;
        let (key, value) = ((program.byte() % 60) as u8, program.byte() as u16);
        match program.byte() % 7 {
            0..3 => match ours.try_insert(key, value) {
                Ok(old) => assert_eq!(old, theirs.insert(key, value)),
                Err(Refused { error, value: back }) => {
                    is_full(error);
                    assert!(back == (key, value) && !theirs.contains_key(&key));
                }
            },
            3 => match ours.try_entry(key) {
                Ok(entry) => {
                    *entry.or_insert(value) += 1;
                    *theirs.entry(key).or_insert(value) += 1;
                }
                Err(refused) => assert!(refused.value == key && !theirs.contains_key(&key)),
            },
            4 => assert_eq!(ours.remove(&key), theirs.remove(&key)),
            5 => {
                ours.retain(|k, _| k % 5 != key % 5);
                theirs.retain(|k, _| k % 5 != key % 5);
            }
            _ => assert_eq!(ours.get(&key), theirs.get(&key)),
        }
    }

    fn queue_step(&mut self, program: &mut Program<'_>) {
        let (ours, theirs) = &mut self.queue;
        match program.byte() as u16 {
            item if item < 160 => {
                both(ours.try_push(item).map_err(Into::into), || theirs.push(item))
            }
            item if item < 200 => assert_eq!(ours.pop(), theirs.pop()),
            item if item < 220 => {
                // The greatest one becomes another one, and is perhaps taken out.
                if let (Some(mut our), Some(mut their)) = (ours.peek_mut(), theirs.peek_mut()) {
                    (*our, *their) = (item * 7 % 160, item * 7 % 160);
                    if item % 2 == 0 {
                        assert_eq!(ZHeapPeekMut::pop(our), PeekMut::pop(their));
                    }
                }
            }
            item if item < 240 => {
                ours.retain(|kept| kept % 7 != item % 7);
                theirs.retain(|kept| kept % 7 != item % 7);
            }
            item => {
                let mut more = ZHeap::new_in(self.zone);
                if more.try_extend([item, 1, 5]).is_ok() {
                    both(ours.try_append(&mut more), || theirs.extend([item, 1, 5]));
                }
                more.give_back();
            }
        }
    }

    fn check(&self) {
        for Pair { ours, theirs } in &self.vectors {
            assert_eq!(ours, theirs);
        }
        assert_eq!(self.text.0, self.text.1);
        assert_eq!(self.map.0.len(), self.map.1.len());
        assert!(self.map.0.iter().all(|(key, value)| self.map.1.get(key) == Some(value)));
        assert_eq!(
            (self.queue.0.len(), self.queue.0.peek()),
            (self.queue.1.len(), self.queue.1.peek())
        );
    }
}

/// Runs a program in a zone with so many bytes.
pub fn run(bytes: usize, program: &[u8]) {
    let zone = Zone::builder().capacity(bytes).fixed().build();
    let mut world = World::new(&zone);
    let mut program = Program(program.iter());
    while !program.0.as_slice().is_empty() {
        match program.byte() {
            0..150 => world.vector_step(&mut program),
            150..190 => world.text_step(&mut program),
            190..220 => world.map_step(&mut program),
            220..240 => world.queue_step(&mut program),
            240..250 => world.vectors.rotate_left(1),
            // Something else, so that what grows next has to move.
            size => _ = zone.try_alloc_slice(size - 240, 0xEE_u8),
        }
        world.check();
    }
}
