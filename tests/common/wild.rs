//! Values made of every type that can be copied, in an order that some bytes say, with implementations of `DeepCopy` among
//! them that are wrong, err or panic.
//!
//! Used by `tests/deep_copy.rs` and `fuzz/fuzz_targets/copy.rs`.

// Not every user uses all of it.
#![allow(dead_code, unreachable_pub)]

use memzone::__private::Scope;
use memzone::{
    DeepCopy, HBox, Keep, ZBox, Zone, ZoneError, beginz, halloc, peek_zone, push_new_zone,
    try_beginz, try_zcopy, zcopy, zone_depth,
};
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::fmt::Debug;
use std::marker::PhantomData;
use std::num::{NonZeroU16, Wrapping};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::shapes::{fill, overwrite, overwrite_spares};

/// Where the shape of a value comes from. When all is read, the rest is zeros, which end everything.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    fn next(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }
}

#[derive(DeepCopy, Clone, Copy, Debug)]
#[deep_copy(flat)]
pub struct Flat {
    number: u32,
    odd: [u8; 3],
}

/// A struct with a lifetime, types and a constant.
#[derive(DeepCopy, Debug)]
pub struct Generic<'z, T, U: Debug, const N: usize>
where
    T: Debug,
{
    first: T,
    many: [U; N],
    name: &'z str,
    nothing: PhantomData<U>,
}

/// What may lie in a zone.
#[derive(DeepCopy, Debug)]
pub enum Lean<'z> {
    End,
    Flat(Flat),
    Flats(&'z [Flat], [Flat; 2]),
    Numbers(u8, i128, char, bool, NonZeroU16),
    Tuple((u16, Option<u64>, (i8,)), Result<u32, char>),
    Option(Option<&'z Lean<'z>>),
    Result(Result<&'z Lean<'z>, &'z mut Lean<'z>>),
    Ref(&'z Lean<'z>),
    Mut(&'z mut Lean<'z>),
    Slice(&'z [Lean<'z>]),
    SliceMut(&'z mut [Lean<'z>]),
    Array([&'z Lean<'z>; 3]),
    Text(&'z str, &'z mut str),
    Cell(Cell<Option<&'z Lean<'z>>>),
    RefCell(RefCell<&'z mut [u16]>),
    Generic(Generic<'z, &'z Lean<'z>, u16, 4>),
    Std(Duration, Range<u64>, Wrapping<u8>, Reverse<i16>, std::cmp::Ordering),
    Keep(Keep<&'static str>),
    Deep(&'z &'z mut &'z [&'z Lean<'z>]),
    Rogue(Rogue),
    RogueFlat(RogueFlat),
    Rogues(&'z [Rogue], [Rogue; 2]),
    RogueFlats(&'z [RogueFlat], [RogueFlat; 2]),
}

/// What may be on the heap, or in a `ZBox`.
#[derive(DeepCopy, Debug)]
pub enum Fat<'z> {
    Lean(Lean<'z>),
    Text(String, Box<str>),
    Vec(Vec<Fat<'z>>),
    Leans(Vec<Lean<'z>>, Box<[Lean<'z>]>),
    Box(Box<Fat<'z>>),
    Slice(Box<[Fat<'z>]>),
    ZBox(ZBox<Fat<'z>>),
    ZBoxes(ZBox<[u32]>, ZBox<Lean<'z>>),
    HBox(HBox<Fat<'z>>),
    Shared(Rc<u64>, Arc<str>, std::rc::Weak<u8>),
    Tuple((Box<Fat<'z>>, u8, Lean<'z>)),
    Array([Box<Fat<'z>>; 2]),
    Option(Option<Box<Fat<'z>>>, Result<String, Vec<Fat<'z>>>),
    RefCell(RefCell<Vec<Fat<'z>>>),
    Generic(Generic<'z, Box<Fat<'z>>, String, 2>),
    Zone(Handle),
}

/// A handle, printed as nothing that changes.
#[derive(DeepCopy)]
pub struct Handle(Zone);

impl Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a handle")
    }
}

/// How rogues behave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    /// As they should.
    Tame,
    Err,
    Throw,
    /// Other values, slices of other lengths, zones and scopes used in between.
    Lie,
}

thread_local! {
    static MANNER: Cell<Manner> = const { Cell::new(Manner::Tame) };
    /// How many copies of rogues go well before that.
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

/// What a rogue throws.
struct Thrown;

/// Is called in each of a rogue's copies; says whether to lie.
fn misbehave() -> Result<bool, ZoneError> {
    if LEFT.get() > 0 {
        LEFT.set(LEFT.get() - 1);
        return Ok(false);
    }
    match MANNER.get() {
        Manner::Tame => Ok(false),
        Manner::Err => Err(ZoneError::Format),
        Manner::Throw => resume_unwind(Box::new(Thrown)),
        Manner::Lie => Ok(true),
    }
}

/// Meddles with all that it can reach.
fn meddle(to: &Zone) {
    push_new_zone(64);
    let inner = try_beginz!(z in to => {
        memzone::push_zone(z);
        z.alloc_slice(100, 0xDD_u8);
        z.alloc(7_u8)
    });
    assert!(inner.is_ok_and(|seven| *seven == 7) || to.remaining() < 2_000);
    drop(to.try_boxed(3_u8));
    drop(peek_zone().try_boxed([1_u8; 40]));
    drop((Scope::new(0), push_new_zone(0)));
}

macro_rules! rogues {
    ($($name:ident, $flat:expr;)*) => {
        $(#[derive(Clone, Copy, Debug)]
        pub struct $name(u32);

        impl<'z> DeepCopy<'z> for $name {
            type Copied = $name;
            const FLAT: bool = $flat;
            const UNWATCHED: bool = $flat;

            fn deep_copy(&self, to: &'z Zone) -> Result<$name, ZoneError> {
                if !misbehave()? {
                    return Ok(*self);
                }
                meddle(to);
                Ok($name(self.0 ^ *to.try_alloc(0xFFFF)?))
            }

            fn deep_copy_slice(items: &[Self], to: &'z Zone) -> Result<&'z mut [Self], ZoneError> {
                Self::slice(items, to)
            }

            // Writes nothing. Nobody calls it, as the type has promised nothing.
            unsafe fn write_at(&self, _: *mut Self, _: &mut memzone::__private::Run<'z>) -> bool {
                true
            }
        }

        impl $name {
            fn slice<'z>(items: &[Self], to: &'z Zone) -> Result<&'z mut [Self], ZoneError> {
                if !misbehave()? {
                    return to.try_alloc_slice_copy(items);
                }
                meddle(to);
                match items.len() % 3 {
                    0 => Ok(&mut []),
                    1 => to.try_alloc_slice(items.len() + 7, $name(1)),
                    _ => to.try_alloc_slice(items.len() - 1, $name(2)),
                }
            }
        })*
    };
}

rogues! {
    Rogue, false;
    RogueFlat, true;
}

/// How many values one is made of at most, so that copies of copies stay small; and how many of them are `RefCell`s, whose
/// copies recurse: where more than a few are nested they are `TooDeep`.
pub struct Budget(pub usize, pub usize);

impl Budget {
    fn spend(&mut self) -> bool {
        self.0 = self.0.saturating_sub(1);
        self.0 > 0
    }
}

pub fn lean<'z>(bytes: &mut Bytes<'_>, left: &mut Budget, z: &'z Zone) -> Lean<'z> {
    let kind = bytes.next();
    if !left.spend() {
        return Lean::End;
    }
    let n = bytes.next();
    let number = u32::from(n) * 77_777;
    let flat = Flat { number, odd: [n; 3] };
    let texts = ["", "a", "zone", "größer", "a text of some length, longer than a step"];
    let text = texts[usize::from(n) % 5];
    let rogue = |add: u32| (Rogue(number + add), RogueFlat(number + add));
    macro_rules! one {
        () => {
            lean(bytes, left, z)
        };
    }
    macro_rules! some {
        () => {{
            let items: Vec<_> = (0..n % 4).map(|_| one!()).collect();
            z.alloc_iter(items)
        }};
    }
    match kind % 23 {
        0 => Lean::End,
        1 => Lean::Flat(flat),
        2 => Lean::Flats(z.alloc_slice(usize::from(n % 5), flat), [flat; 2]),
        3 => Lean::Numbers(n, i128::from(n) << 90, 'ß', n > 9, NonZeroU16::MIN),
        4 => Lean::Tuple(
            (n.into(), Some(n.into()), (-1,)),
            if n > 99 { Ok(number) } else { Err('e') },
        ),
        5 => Lean::Option(if n > 40 { Some(z.alloc(one!())) } else { None }),
        6 => Lean::Result(if n > 99 { Ok(z.alloc(one!())) } else { Err(z.alloc(one!())) }),
        7 => Lean::Ref(z.alloc(one!())),
        8 => Lean::Mut(z.alloc(one!())),
        9 => Lean::Slice(some!()),
        10 => Lean::SliceMut(some!()),
        11 => {
            // It is copied twice, and so is all that it leads to.
            left.0 /= 2;
            let shared = &*z.alloc(one!());
            Lean::Array([shared, z.alloc(one!()), shared])
        }
        12 => Lean::Text(z.alloc_str(text), z.alloc_str(text)),
        13 => Lean::Cell(Cell::new(if n > 40 { Some(z.alloc(one!())) } else { None })),
        14 => Lean::RefCell(RefCell::new(z.alloc_slice(usize::from(n % 9), n.into()))),
        15 => Lean::Generic(Generic {
            first: z.alloc(one!()),
            many: [n.into(); 4],
            name: z.alloc_str(text),
            nothing: PhantomData,
        }),
        16 => Lean::Std(
            Duration::from_millis(n.into()),
            1..n.into(),
            Wrapping(n),
            Reverse(3),
            std::cmp::Ordering::Less,
        ),
        17 => Lean::Keep(Keep("it lives for ever")),
        18 => {
            left.0 /= 2;
            let (one, two) = (&*z.alloc(one!()), &*z.alloc(one!()));
            let slice: &[&Lean<'_>] = z.alloc_slice_copy(&[one, two, one]);
            Lean::Deep(z.alloc(z.alloc(slice)))
        }
        19 => Lean::Rogue(rogue(0).0),
        20 => Lean::RogueFlat(rogue(0).1),
        21 => Lean::Rogues(z.alloc_slice(usize::from(n % 4), rogue(1).0), [rogue(2).0; 2]),
        _ => Lean::RogueFlats(z.alloc_slice(usize::from(n % 4), rogue(1).1), [rogue(2).1; 2]),
    }
}

pub fn fat<'z>(bytes: &mut Bytes<'_>, left: &mut Budget, z: &'z Zone) -> Fat<'z> {
    let kind = bytes.next();
    if !left.spend() {
        return Fat::Lean(Lean::End);
    }
    let n = bytes.next();
    let text = "text ".repeat(usize::from(n % 4));
    macro_rules! one {
        () => {
            fat(bytes, left, z)
        };
    }
    macro_rules! some {
        () => {
            (0..n % 4).map(|_| one!()).collect::<Vec<_>>()
        };
    }
    match kind % 17 {
        0 | 1 => Fat::Lean(lean(bytes, left, z)),
        2 => Fat::Text(text.clone(), text.into()),
        3 => Fat::Vec(some!()),
        4 => {
            let leans = |bytes: &mut Bytes<'_>, left: &mut Budget| -> Vec<_> {
                (0..n % 3).map(|_| lean(bytes, left, z)).collect()
            };
            Fat::Leans(leans(bytes, left), leans(bytes, left).into())
        }
        5 => Fat::Box(Box::new(one!())),
        6 => Fat::Slice(some!().into()),
        7 => Fat::ZBox(z.boxed(one!())),
        8 => Fat::ZBoxes(z.boxed_slice(n.into(), n.into()), z.boxed(lean(bytes, left, z))),
        9 => Fat::HBox(halloc(one!())),
        10 => Fat::Shared(Rc::new(n.into()), text.into(), std::rc::Weak::new()),
        11 => Fat::Tuple((Box::new(one!()), n, lean(bytes, left, z))),
        12 => Fat::Array([Box::new(one!()), Box::new(one!())]),
        13 => Fat::Option(
            (n > 99).then(|| Box::new(one!())),
            if n < 128 { Ok(text) } else { Err(some!()) },
        ),
        14 if left.1 > 0 => {
            left.1 -= 1;
            Fat::RefCell(RefCell::new(some!()))
        }
        14 => Fat::Vec(some!()),
        15 => Fat::Generic(Generic {
            first: Box::new(one!()),
            many: [text.clone(), text],
            name: z.alloc_str("generic"),
            nothing: PhantomData,
        }),
        _ => Fat::Zone(Handle(z.clone())),
    }
}

/// So deep that what is in it is copied by tasks.
pub fn wrapped<'z>(mut inner: Fat<'z>, depth: usize, z: &'z Zone) -> Fat<'z> {
    for level in 0..depth {
        inner = match (inner, level % 4) {
            (Fat::Lean(lean), _) => Fat::Lean(Lean::Ref(z.alloc(lean))),
            (inner, 0) => Fat::Box(Box::new(inner)),
            (inner, 1) => Fat::ZBox(z.boxed(inner)),
            (inner, 2) => Fat::Vec(vec![inner]),
            (inner, _) => Fat::HBox(halloc(inner)),
        };
    }
    inner
}

/// What can be seen of a value.
fn text(value: &Fat<'_>) -> String {
    format!("{value:?}")
}

/// What may go wrong while a value is copied.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    pub manner: Manner,
    /// So many of the rogues behave.
    pub after: usize,
    /// Bytes of a target that may be too small.
    pub room: usize,
}

/// Copies with trouble: what comes is a value or an error, and nothing else is harmed.
fn troubled(trouble: Trouble, source: &Fat<'_>, target: &Zone) {
    let depth = zone_depth();
    let before = text(source);
    let copy = |target: &Zone| {
        MANNER.set(trouble.manner);
        LEFT.set(trouble.after);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let copied = try_zcopy(source, target);
            MANNER.set(Manner::Tame);
            copied.map(|copied| text(&copied))
        }));
        MANNER.set(Manner::Tame);
        match outcome {
            Ok(Ok(copied)) => {
                assert!(copied == before || trouble.manner == Manner::Lie);
            }
            Ok(Err(ZoneError::Format)) => assert_eq!(trouble.manner, Manner::Err),
            Ok(Err(error)) => assert!(matches!(error, ZoneError::LimitReached { .. }), "{error:?}"),
            Err(thrown) if thrown.is::<Thrown>() => assert_eq!(trouble.manner, Manner::Throw),
            Err(other) => resume_unwind(other),
        }
        // A lie by hand, outside of a scope, stays on the stack.
        while zone_depth() > depth && memzone::pop_zone().is_ok() {}
    };
    // In a scope, which takes off what is left on the stack.
    beginz!({
        copy(target);
        copy(&Zone::builder().capacity(trouble.room).fixed().build());
        copy(&Zone::builder().capacity(64).limit(trouble.room + 500).build());
    });
    assert_eq!((zone_depth(), text(source)), (depth, before));
}

fn make<'z>(bytes: &[u8], depth: usize, z: &'z Zone) -> Fat<'z> {
    let value = fat(&mut Bytes(bytes), &mut Budget(60, 2), z);
    wrapped(value, depth, z)
}

/// Makes a value from the bytes and copies and moves it in every way there is.
pub fn check(bytes: &[u8], depth: usize, trouble: Trouble) {
    let (mut source, target, other) = (Zone::new(0), Zone::new(0), Zone::new(0));
    let reference = make(bytes, depth, &other);
    let expected = text(&reference);

    let copy = {
        let planted = make(bytes, depth, &source);
        troubled(trouble, &planted, &target);
        zcopy(&planted, &target)
    };
    // Unless the value keeps it, as a handle may.
    if source.reset().is_ok() {
        fill(&source);
        overwrite(source);
    }
    assert_eq!(text(&copy), expected);

    let moved = beginz!(z in &target => { beginz!(y in z => make(bytes, depth, y)) });
    overwrite_spares();
    assert_eq!(text(&moved), expected);
    drop(moved);
    assert_eq!((text(&copy), text(&reference)), (expected.clone(), expected));

    // A move that fails loses the value, and nothing else.
    let depth_before = zone_depth();
    MANNER.set(trouble.manner);
    LEFT.set(trouble.after);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let small = Zone::builder().capacity(trouble.room).fixed().build();
        let moved =
            try_beginz!(_ in &small => { try_beginz!(y in &target => make(bytes, depth, y))? });
        MANNER.set(Manner::Tame);
        moved.map(|moved| text(&moved))
    }));
    MANNER.set(Manner::Tame);
    match result {
        Err(thrown) if !thrown.is::<Thrown>() => resume_unwind(thrown),
        _ => {}
    }
    while zone_depth() > depth_before {
        if memzone::pop_zone().is_err() {
            break;
        }
    }
    assert_eq!(text(&copy), text(&reference));
}
