//! Random operations on zones, against a model that knows which bytes are whose.

use memzone::{ZBox, Zone, ZoneError, beginz, peek_zone, pop_zone, push_zone, zone_depth};
use proptest::prelude::*;
use std::alloc::Layout;
use std::ptr::NonNull;

/// One step. Indices are taken modulo what there is; a zone is one of the first ones, or the
/// innermost scope's.
#[derive(Clone, Debug)]
enum Op {
    Layout {
        zone: usize,
        size: usize,
        align: usize,
    },
    Slice {
        zone: usize,
        len: usize,
    },
    Text {
        zone: usize,
        len: usize,
    },
    Collected {
        zone: usize,
        len: usize,
    },
    Boxed {
        zone: usize,
        len: usize,
    },
    /// In the current zone.
    NewBox {
        len: usize,
    },
    DropBox {
        index: usize,
    },
    DropNewestBox,
    Clone {
        zone: usize,
    },
    DropClone {
        index: usize,
    },
    Reset {
        zone: usize,
    },
    Push {
        zone: usize,
    },
    Pop,
    Enter {
        bytes: usize,
    },
    Leave,
}

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
    ]
}

/// A zone of the first ones: growing, limited, fixed (of an odd size), or not yet made.
#[derive(Clone, Debug)]
enum Kind {
    New(usize),
    Limited(usize),
    Fixed(usize),
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::New(0)),
        (1..9_000_usize).prop_map(Kind::New),
        (500..30_000_usize).prop_map(Kind::Limited),
        (0..9_000_usize).prop_map(Kind::Fixed),
    ]
}

/// Tells zones apart, over all their handles.
type Id = usize;

/// What the model knows of a zone.
struct Known {
    used: usize,
    /// Where the last allocation ends; one that ends there can be given back.
    end: usize,
    /// Handles beside the one that the zone is known by.
    others: usize,
    /// None: a scope's zone or the default zone, which grow.
    kind: Option<Kind>,
    /// A scope's zone that lives on after its scope.
    left_over: bool,
}

impl Known {
    fn is_fixed(&self) -> bool {
        matches!(self.kind, Some(Kind::Fixed(_)))
    }
}

/// A value without an owner: raw, as a borrow of its zone would forbid to reset that one.
struct Value {
    zone: Id,
    start: NonNull<u8>,
    bytes: Vec<u8>,
}

struct Owned {
    zone: Id,
    boxed: ZBox<[u8]>,
    bytes: Vec<u8>,
}

#[derive(Default)]
struct Model {
    zones: Vec<Zone>,
    known: Vec<Known>,
    values: Vec<Value>,
    boxes: Vec<Owned>,
    clones: Vec<(Id, Zone)>,
    /// The thread's stack, with the depth of the scope that an entry belongs to.
    stack: Vec<(Id, Option<usize>)>,
    counter: u8,
}

/// The thread's default zone, which is there all the time.
const DEFAULT: Id = 0;

impl Model {
    fn new(kinds: &[Kind]) -> Model {
        let mut model = Model::default();
        model.know(&peek_zone(), None);
        for kind in kinds {
            let zone = match *kind {
                Kind::New(bytes) => Zone::new(bytes),
                Kind::Limited(limit) => Zone::builder().capacity(100).limit(limit).build(),
                Kind::Fixed(bytes) => Zone::builder().capacity(bytes).fixed().build(),
            };
            model.know(&zone, Some(kind.clone()));
            model.zones.push(zone);
        }
        model
    }

    fn know(&mut self, zone: &Zone, kind: Option<Kind>) -> Id {
        self.known.push(Known { used: zone.used(), end: 0, others: 0, kind, left_over: false });
        self.known.len() - 1
    }

    /// Other bytes for each value.
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        self.counter = self.counter.wrapping_add(37);
        (0..len).map(|n| self.counter.wrapping_add(n as u8)).collect()
    }

    /// What the model expects of an allocation that went well.
    fn allocated(&mut self, id: Id, zone: &Zone, start: NonNull<u8>, size: usize, align: usize) {
        let (from, known) = (start.addr().get(), &mut self.known[id]);
        assert_eq!(from % align, 0, "alignment");
        let grown = zone.used() - known.used;
        known.used = zone.used();
        if size == 0 {
            return assert_eq!(grown, 0);
        }
        let padding = if align <= 16 { 0 } else { align - 1 };
        let rounded = size.next_multiple_of(16);
        if known.is_fixed() && zone.remaining() == 0 {
            assert!((size..=rounded + padding).contains(&grown), "{grown} for {size}");
        } else {
            assert!((rounded..=rounded + padding).contains(&grown), "{grown} for {size}");
        }
        known.end = from + rounded;
        assert!(zone.contains(start.as_ptr()));
        assert!(zone.contains(start.as_ptr().wrapping_add(size - 1)));
        let taken = self.values.iter().map(|value| (value.start.addr().get(), value.bytes.len()));
        let owned = self.boxes.iter().map(|owned| (owned.boxed.as_ptr().addr(), owned.bytes.len()));
        for (other, len) in taken.chain(owned) {
            let apart = from + size <= other || other + len <= from || len == 0;
            assert!(apart, "{from:x} with {size} bytes overlaps {other:x} with {len}");
        }
    }

    /// What the model expects of an allocation that was refused.
    fn refused(&self, id: Id, zone: &Zone, error: ZoneError, size: usize, align: usize) {
        assert!(matches!(error, ZoneError::LimitReached { .. }), "{error:?}");
        assert!(matches!(self.known[id].kind, Some(Kind::Fixed(_) | Kind::Limited(_))));
        assert_eq!(zone.used(), self.known[id].used);
        let fits = zone.remaining() >= size + align;
        assert!(!(self.known[id].is_fixed() && fits), "{size} bytes would have fitted");
    }

    fn own(&mut self, id: Id, zone: &Zone, boxed: Result<ZBox<[u8]>, ZoneError>, len: usize) {
        match boxed {
            Ok(mut boxed) => {
                let bytes = self.bytes(len);
                boxed.copy_from_slice(&bytes);
                self.allocated(id, zone, NonNull::from(&*boxed).cast(), len, 1);
                self.known[id].others += 1;
                self.boxes.push(Owned { zone: id, boxed, bytes });
            }
            Err(error) => self.refused(id, zone, error, len, 1),
        }
    }

    fn drop_box(&mut self, index: usize) {
        let Owned { zone: id, boxed, bytes } = self.boxes.remove(index);
        assert_eq!(boxed[..], bytes);
        let zone = ZBox::zone(&boxed).clone();
        let (start, known) = (boxed.as_ptr().addr(), &mut self.known[id]);
        drop(boxed);
        let len = bytes.len().next_multiple_of(16);
        if len > 0 && start + len == known.end && !known.is_fixed() {
            known.used -= len;
            known.end = start;
        } else if known.is_fixed() && zone.used() != known.used {
            // The odd end of a fixed zone may stay.
            assert!(start + len == known.end && zone.used() + len == known.used);
            (known.used, known.end) = (zone.used(), start);
        }
        assert_eq!(zone.used(), known.used, "after a drop");
        drop(zone);
        self.one_less(id);
    }

    /// A handle or box is gone, and with the last one what a scope left over.
    fn one_less(&mut self, id: Id) {
        self.known[id].others -= 1;
        if self.known[id].left_over && self.known[id].others == 0 {
            self.values.retain(|value| value.zone != id);
        }
    }

    fn reset(&mut self, index: usize) {
        let index = index % self.zones.len();
        let id = index + 1;
        let capacity = self.zones[index].capacity();
        let result = self.zones[index].reset();
        match self.known[id].others {
            0 => {
                assert_eq!((result, self.zones[index].used()), (Ok(()), 0));
                for value in self.values.iter().filter(|value| value.zone == id) {
                    assert!(!self.zones[index].contains(value.start.as_ptr()));
                }
                self.values.retain(|value| value.zone != id);
                (self.known[id].used, self.known[id].end) = (0, 0);
            }
            handles => assert_eq!(result, Err(ZoneError::InUse { handles })),
        }
        assert_eq!(self.zones[index].capacity(), capacity);
    }

    /// Everything is as it was written.
    fn check(&self) {
        for value in &self.values {
            let bytes = NonNull::slice_from_raw_parts(value.start, value.bytes.len());
            // SAFETY: its zone is alive and has not been reset; `allocated` saw that nothing else
            // lies there.
            assert_eq!(unsafe { bytes.as_ref() }, value.bytes);
        }
        for owned in &self.boxes {
            assert_eq!(owned.boxed[..], owned.bytes);
            let handles = self.known[owned.zone].others;
            assert!(ZBox::zone(&owned.boxed).handles() >= handles);
        }
        for (index, zone) in self.zones.iter().enumerate() {
            let known = &self.known[index + 1];
            assert_eq!((zone.used(), zone.handles()), (known.used, known.others + 1));
            assert!(zone.used() + zone.remaining() <= zone.capacity());
            for value in self.values.iter().filter(|value| !value.bytes.is_empty()) {
                assert_eq!(zone.contains(value.start.as_ptr()), value.zone == index + 1);
            }
        }
        assert_eq!(zone_depth(), self.stack.len());
    }

    /// Runs operations until the scope that they are in is left.
    fn run(&mut self, ops: &mut dyn Iterator<Item = Op>, scope: Option<(Id, &Zone)>, depth: usize) {
        while let Some(op) = ops.next() {
            match op {
                Op::Leave if depth > 0 => break,
                Op::Leave => {}
                Op::Enter { .. } if depth == 5 => {}
                Op::Enter { bytes } => self.enter(ops, bytes, depth + 1),
                Op::DropBox { index } if !self.boxes.is_empty() => {
                    self.drop_box(index % self.boxes.len());
                }
                Op::DropNewestBox if !self.boxes.is_empty() => self.drop_box(self.boxes.len() - 1),
                Op::DropBox { .. } | Op::DropNewestBox => {}
                Op::DropClone { index } if !self.clones.is_empty() => {
                    let (id, zone) = self.clones.swap_remove(index % self.clones.len());
                    drop(zone);
                    self.one_less(id);
                }
                Op::DropClone { .. } => {}
                Op::Reset { zone } => self.reset(zone),
                Op::Pop => self.pop(),
                Op::NewBox { len } => {
                    let id = self.stack.last().map_or(DEFAULT, |entry| entry.0);
                    let zone = peek_zone();
                    self.own(id, &zone, zone.try_boxed_slice(len, 0), len);
                }
                op => {
                    let (Op::Layout { zone: index, .. }
                    | Op::Slice { zone: index, .. }
                    | Op::Text { zone: index, .. }
                    | Op::Collected { zone: index, .. }
                    | Op::Boxed { zone: index, .. }
                    | Op::Clone { zone: index }
                    | Op::Push { zone: index }) = op
                    else {
                        unreachable!("{op:?}")
                    };
                    let index = index % (self.zones.len() + usize::from(scope.is_some()));
                    match scope {
                        Some((id, zone)) if index == self.zones.len() => self.in_zone(op, id, zone),
                        _ => {
                            // Out of the way meanwhile, without one more handle to it.
                            let zone = std::mem::replace(&mut self.zones[index], Zone::new(0));
                            self.in_zone(op, index + 1, &zone);
                            self.zones[index] = zone;
                        }
                    }
                }
            }
            if !cfg!(miri) {
                self.check();
            }
        }
        if depth == 0 {
            self.check();
        }
    }

    fn in_zone(&mut self, op: Op, id: Id, zone: &Zone) {
        let (len, align) = match op {
            Op::Layout { size, align, .. } => (size, align),
            Op::Slice { len, .. } | Op::Text { len, .. } => (len, 1),
            Op::Collected { len, .. } => (len, 1),
            Op::Boxed { len, .. } => return self.own(id, zone, zone.try_boxed_slice(len, 0), len),
            Op::Clone { .. } => {
                self.clones.push((id, zone.clone()));
                return self.known[id].others += 1;
            }
            Op::Push { .. } => {
                push_zone(zone);
                return self.stack.push((id, None));
            }
            _ => unreachable!(),
        };
        let mut bytes = self.bytes(len);
        let start = match op {
            Op::Layout { .. } => {
                let layout = Layout::from_size_align(len, align).unwrap();
                zone.try_alloc_layout(layout).inspect(|start| {
                    let place = NonNull::slice_from_raw_parts(*start, len);
                    // SAFETY: just taken for so many bytes.
                    unsafe {
                        place
                            .cast::<u8>()
                            .copy_from_nonoverlapping(NonNull::from(&*bytes).cast(), len)
                    };
                })
            }
            Op::Slice { .. } => {
                zone.try_alloc_slice_copy(&bytes).map(|slice| NonNull::from(slice).cast())
            }
            Op::Text { .. } => {
                bytes.iter_mut().for_each(|byte| *byte &= 0x7F);
                let text = std::str::from_utf8(&bytes).unwrap();
                zone.try_alloc_fmt(format_args!("{text}")).map(|text| NonNull::from(text).cast())
            }
            _ => {
                zone.try_alloc_iter(bytes.iter().copied()).map(|slice| NonNull::from(slice).cast())
            }
        };
        match start {
            Ok(start) => {
                self.allocated(id, zone, start, len, align);
                self.values.push(Value { zone: id, start, bytes });
            }
            Err(error) => self.refused(id, zone, error, len, align),
        }
    }

    fn pop(&mut self) {
        let expected = self.stack.last().copied();
        match pop_zone() {
            Ok(zone) => {
                let (id, scope) = expected.expect("nothing is pushed");
                assert_eq!(scope, None);
                assert_eq!(zone.used(), self.known[id].used);
                self.stack.pop();
            }
            Err(ZoneError::StackEmpty) => assert_eq!(expected, None),
            Err(error) => {
                assert_eq!(error, ZoneError::ScopeActive);
                assert!(expected.is_some_and(|(_, scope)| scope.is_some()));
            }
        }
    }

    fn enter(&mut self, ops: &mut dyn Iterator<Item = Op>, bytes: usize, depth: usize) {
        let below = self.stack.len();
        let id = beginz!(bytes, zone => {
            assert!(zone.used() == 0 && zone.remaining() >= bytes && zone.handles() == 1);
            let id = self.know(zone, None);
            self.stack.push((id, Some(depth)));
            self.run(ops, Some((id, zone)), depth);
            id
        });
        // What was pushed in the scope goes with it, and so do its values, unless handles are left.
        self.stack.truncate(below);
        if self.known[id].others == 0 {
            self.values.retain(|value| value.zone != id);
        }
        self.known[id].left_over = true;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 256 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn zones_do_what_the_model_says(
        kinds in prop::collection::vec(kind(), 1..4),
        ops in prop::collection::vec(op(), 0..if cfg!(miri) { 25 } else { 120 }),
    ) {
        let mut model = Model::new(&kinds);
        model.run(&mut ops.into_iter(), None, 0);
        while pop_zone().is_ok() {
            model.stack.pop();
        }
        assert!(model.stack.is_empty() && zone_depth() == 0);
        while !model.boxes.is_empty() {
            model.drop_box(model.boxes.len() / 2);
        }
        model.clones.clear();
        let mut zones = std::mem::take(&mut model.zones);
        assert!(zones.iter_mut().all(|zone| zone.reset() == Ok(()) && zone.used() == 0));
    }
}
