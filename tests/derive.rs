//! `#[derive(DeepCopy)]`: the types it takes, and names that could be in its way.

use memzone::{DeepCopy, ZBox, Zone, beginz, zcopy};
use std::borrow::Cow;
use std::fmt::Debug;
use std::marker::PhantomData;

/// Checks that copies read like the value, once what they were copied from is overwritten. Gives
/// what the first one took of the target, and how it reads.
macro_rules! copies {
    (|$zone:ident| $make:expr) => {{
        let (target, mut source) = (Zone::new(0), Zone::new(1 << 12));
        let (copy, text) = {
            let $zone = &source;
            let made = $make;
            (zcopy(&made, &target), format!("{made:?}"))
        };
        source.reset().unwrap();
        source.alloc_slice(source.remaining(), 0xa5_u8);
        assert_eq!(format!("{copy:?}"), text);
        let used = target.used();
        let moved = beginz!($zone in &target => { $make });
        beginz!(spare => { spare.alloc_slice(1 << 12, 0xa5_u8); });
        assert_eq!(format!("{moved:?}"), text);
        (used, text)
    }};
}

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
struct Unit;

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
struct EmptyNamed {}

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
struct EmptyTuple();

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
struct Named {
    rate: f64,
    channels: u8,
}

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
struct Tuple(f64, u8, Unit);

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
enum Empty {}

#[derive(DeepCopy, Debug)]
enum Kinds<'a> {
    Unit,
    EmptyNamed {},
    EmptyTuple(),
    Tuple(u8, &'a str),
    Named { text: &'a mut str, list: &'a [Kinds<'a>], unit: Unit },
    Discriminant,
}

#[test]
fn structs_and_enums_of_all_kinds_copy() {
    let (used, _) =
        copies!(|_z| (Unit, EmptyNamed {}, EmptyTuple(), None::<Empty>, Tuple(0.5, 2, Unit)));
    assert_eq!(used, 0);
    assert_eq!(
        beginz!({ Named { rate: 48_000.0, channels: 2 } }),
        Named { rate: 48_000.0, channels: 2 }
    );
    let (_, text) = copies!(|z| {
        let list = z.alloc_iter([
            Kinds::Unit,
            Kinds::EmptyNamed {},
            Kinds::EmptyTuple(),
            Kinds::Discriminant,
        ]);
        let kinds = Kinds::Named { text: z.alloc_str("named"), list, unit: Unit };
        [kinds, Kinds::Tuple(3, z.alloc_str("tuple"))]
    });
    assert!(text.contains("Tuple(3, \"tuple\")"));
}

#[derive(DeepCopy, Debug)]
struct Bounded<'a, T: Debug + Clone + 'a, U = u8>
where
    U: PartialOrd<u8> + Default,
    Option<T>: Debug,
    [U; 2]: Debug,
{
    items: &'a [T],
    item: Option<T>,
    other: U,
}

#[derive(DeepCopy, Debug, Clone, Copy, PartialEq)]
struct Frame<T, const N: usize, const STEREO: bool = true>([T; N]);

#[derive(DeepCopy, Debug)]
struct Converts<'a, T, U>
where
    T: Into<U> + Copy,
    U: From<T>,
    &'a T: 'a,
    T: 'a,
    for<'b> &'b U: Debug,
{
    from: &'a T,
    into: U,
}

#[test]
fn generics_with_bounds_defaults_and_constants_copy() {
    copies!(|z| Bounded {
        items: z.alloc_iter([z.alloc_str("a") as &str]),
        item: None,
        other: 5_u8
    });
    copies!(|z| Bounded::<_, u8> { items: z.alloc_iter([1_u8, 2]), item: Some(3), other: 5 });
    let (used, _) = copies!(|z| Frame::<&u8, 2>([z.alloc(1), z.alloc(2)]));
    assert_eq!(used, 2 * 8);
    assert_eq!(beginz!({ Frame::<u8, 3, false>([1; 3]) }), Frame([1; 3]));
    copies!(|z| Converts { from: z.alloc(1_u8), into: 1_u32 });
}

/// What names only, and holds nothing.
#[derive(DeepCopy, Debug)]
struct Tagged<'a, T, U: Debug>(PhantomData<&'a ()>, PhantomData<T>, PhantomData<(T, [U; 2])>);

#[test]
fn phantom_parts_copy() {
    copies!(|z| {
        let tagged = Tagged::<&u8, Vec<u8>>(PhantomData, PhantomData, PhantomData);
        (z.alloc(1), tagged)
    });
}

trait Sound {
    type Sample;
    fn sample(&self) -> Self::Sample;
}

#[derive(DeepCopy, Clone, Copy, Debug)]
struct Sine(f32);

impl Sound for Sine {
    type Sample = f32;
    fn sample(&self) -> f32 {
        self.0
    }
}

#[derive(DeepCopy, Debug)]
struct Player<'a, S: Sound<Sample = f32>>
where
    <S as Sound>::Sample: Debug + PartialEq<f32>,
{
    sound: &'a S,
    last: f32,
}

#[test]
fn associated_types_in_bounds_hold_for_the_copy() {
    copies!(|z| Player { sound: z.alloc(Sine(0.5)), last: Sine(0.5).sample() });
}

#[derive(DeepCopy, Debug)]
#[allow(non_camel_case_types)]
enum r#type<'r#fn> {
    r#enum { r#match: u8, r#in: &'r#fn str },
    r#struct(&'r#fn r#type<'r#fn>),
}

#[derive(DeepCopy, Debug)]
struct Names<'a> {
    to: u8,
    depth: &'a u8,
    work: &'a u8,
    this: u8,
    part_0: u8,
    part: u8,
    zone: u8,
    items: u8,
    copied: u8,
}

#[derive(DeepCopy, Debug)]
struct NameParameters<'a, N, Copied, const DEPTH: usize>(&'a N, Copied, [u8; DEPTH]);

/// Names of the standard library's and memzone's things, with other meanings.
mod shadowed {
    #![allow(dead_code, unused_macros, unreachable_pub)]
    pub struct Result;
    pub struct Option;
    pub struct Zone;
    pub struct ZoneError;
    pub struct Future;
    pub struct Clone;
    pub struct Copy;
    pub struct Depth;
    pub struct Work;
    pub trait DeepCopy {}
    #[allow(non_snake_case)]
    pub fn Ok() {}
    #[allow(non_snake_case)]
    pub fn Err() {}
    pub mod core {}
    pub mod std {}
    pub mod memzone {}
    macro_rules! part {
        ($($anything:tt)*) => {
            compile_error!("another macro")
        };
    }
    #[derive(::memzone::DeepCopy, ::core::fmt::Debug)]
    pub struct All<'a, T> {
        pub number: u8,
        pub reference: &'a All<'a, T>,
        pub last: ::core::option::Option<T>,
    }
    #[derive(
        ::memzone::DeepCopy, ::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy,
    )]
    #[deep_copy(flat)]
    pub enum Flat {
        Ok,
        Err,
        Some(u8),
        None,
    }
}

#[test]
fn no_name_is_in_the_way() {
    let (_, text) = copies!(|z| {
        let first = z.alloc(r#type::r#enum { r#match: 1, r#in: z.alloc_str("in") });
        r#type::r#struct(first)
    });
    assert!(text.contains("struct(enum { match: 1, in: \"in\" })"));
    copies!(|z| Names {
        to: 1,
        depth: z.alloc(2),
        work: z.alloc(3),
        this: 4,
        part_0: 5,
        part: 6,
        zone: 7,
        items: 8,
        copied: 9,
    });
    copies!(|z| NameParameters::<u8, Option<&u8>, 3>(z.alloc(1), Some(z.alloc(2)), [3; 3]));
    use shadowed::{All, Flat};
    copies!(|_z| [Flat::Ok, Flat::Err, Flat::Some(3), Flat::None]);
    copies!(|z| z.alloc_iter([None::<&All<'_, u8>>]));
}

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
#[deep_copy(flat)]
struct FlatNamed {
    rate: f64,
    channels: u8,
}

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
#[deep_copy(flat)]
enum FlatEnum {
    Off,
    Note { key: u8, velocity: f32 },
    Bend(i16),
}

#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
#[deep_copy(flat)]
struct FlatGeneric<T, const N: usize>([T; N])
where
    T: PartialEq;

/// Bit by bit is the only way to copy these.
#[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
#[deep_copy(flat)]
#[repr(C, packed)]
struct FlatPacked {
    kind: u8,
    value: u32,
    foreign: std::net::Ipv4Addr,
    name: &'static str,
}

#[test]
fn slices_of_flat_types_copy_in_one_go_with_exactly_their_bytes() {
    fn check<T>(value: T)
    where
        T: Copy + PartialEq + Debug + for<'z> DeepCopy<'z, Copied = T>,
    {
        let (target, items) = (Zone::new(0), &[value; 7][..]);
        let copy = zcopy(&items, &target);
        assert_eq!(copy, items);
        assert!(target.contains(copy));
        let bytes = size_of_val(items).next_multiple_of(8);
        assert_eq!(target.used(), bytes);
        let copy = beginz!(z in &target => { z.alloc_slice_copy(items) });
        assert_eq!(copy, items);
        // The second copy begins at a multiple of 32 if it is long.
        let aligned =
            if bytes >= 64 && size_of::<T>() <= 16 { bytes.next_multiple_of(32) } else { bytes };
        assert_eq!(target.used(), aligned + bytes);
        let array = zcopy(&[[value; 2]; 3], &target);
        assert_eq!((array, beginz!({ Some(value) })), ([[value; 2]; 3], Some(value)));
        assert_eq!(target.used(), aligned + bytes, "no memory");
    }
    check(FlatNamed { rate: 44_100.0, channels: 2 });
    check([FlatEnum::Off, FlatEnum::Note { key: 60, velocity: 0.5 }, FlatEnum::Bend(-1)]);
    check(FlatGeneric([1.5_f32; 3]));
    check(FlatGeneric([Some(&1_u8); 2]));
    check(FlatPacked { kind: 1, value: 2, foreign: [1, 2, 3, 4].into(), name: "saw" });
    // Without the attribute too, where all parts are plain.
    check(Named { rate: 44_100.0, channels: 2 });
    check(Frame::<_, 5>([1_u16; 5]));
}

#[derive(DeepCopy, Debug)]
struct Expression<'a> {
    terms: &'a [Term<'a>],
}

#[derive(DeepCopy, Debug)]
enum Term<'a> {
    Number(f64),
    Nested(&'a mut Expression<'a>),
    Call(Call<'a, &'a Term<'a>>),
}

#[derive(DeepCopy, Debug)]
struct Call<'a, T> {
    name: &'a str,
    arguments: [T; 2],
    next: Option<&'a Call<'a, &'a u8>>,
}

#[derive(DeepCopy, Debug)]
struct Owner(Vec<Owned>);

#[derive(DeepCopy, Debug)]
enum Owned {
    Leaf,
    InZone(ZBox<Owner>),
    OnHeap(Box<Owned>),
}

#[test]
fn recursive_and_mutually_recursive_types_copy() {
    let (_, text) = copies!(|z| {
        let number = |value| &*z.alloc(Term::Number(value));
        let arguments = [&*z.alloc(3), &*z.alloc(4)];
        let next = &*z.alloc(Call { name: "g", arguments, next: None });
        let call = Call {
            name: z.alloc_str("f"),
            arguments: [number(1.0), number(2.0)],
            next: Some(next),
        };
        let inner = z.alloc(Expression { terms: z.alloc_iter([Term::Call(call)]) });
        Expression { terms: z.alloc_iter([Term::Nested(inner), Term::Number(5.0)]) }
    });
    assert!(text.contains("arguments: [3, 4]"));
    copies!(|z| Owner(vec![Owned::InZone(
        z.boxed(Owner(vec![Owned::OnHeap(Box::new(Owned::Leaf))]))
    )]));
}

#[derive(DeepCopy, Debug)]
struct Instrument {
    zone: Zone,
    table: ZBox<[f32]>,
    name: String,
    count: std::rc::Rc<u8>,
}

#[test]
fn a_struct_that_holds_a_zone_copies_and_moves() {
    let (home, target) = (Zone::new(64), Zone::new(0));
    let instrument = Instrument {
        zone: home.clone(),
        table: home.boxed_slice(4, 0.5),
        name: "bell".into(),
        count: std::rc::Rc::new(1),
    };
    let copy = zcopy(&instrument, &target);
    assert_eq!((home.handles(), target.handles()), (4, 2));
    assert!(target.contains(&*copy.table) && std::rc::Rc::ptr_eq(&copy.count, &instrument.count));
    let moved = target.enter(|| beginz!({ instrument }));
    assert_eq!((home.handles(), target.handles()), (3, 3));
    assert!(target.contains(&*moved.table));
    drop(home);
    assert_eq!((moved.zone.handles(), &*moved.table, &*moved.name), (2, &[0.5; 4][..], "bell"));
    assert_eq!(copy.zone.handles(), 2);
}

macro_rules! make {
    ($visibility:vis $name:ident<$lifetime:lifetime> { $($field:ident: $type:ty),* }) => {
        #[derive(DeepCopy, Debug)]
        $visibility struct $name<$lifetime> { $($field: $type,)* made: Option<&$lifetime $name<$lifetime>> }
    };
}

make!(pub(crate) Made<'x> { text: &'x str, numbers: (u8, &'x [u16]) });

mod outside {
    #[derive(memzone::DeepCopy, Debug)]
    pub(super) struct Public<'z> {
        private: Private<'z>,
        pub(super) shared: &'z Private<'z>,
    }
    #[derive(memzone::DeepCopy, Debug)]
    pub(super) enum Private<'z> {
        One(&'z u8),
    }
    impl<'z> Public<'z> {
        pub(super) fn new(one: &'z u8, shared: &'z Private<'z>) -> Self {
            Public { private: Private::One(one), shared }
        }
    }
}

#[test]
fn types_made_by_macros_in_bodies_and_of_any_visibility_copy() {
    copies!(|z| {
        let made = z.alloc(Made { text: "b", numbers: (2, &[]), made: None });
        Made { text: z.alloc_str("a"), numbers: (1, z.alloc_slice(2, 1)), made: Some(made) }
    });
    copies!(|z| outside::Public::new(z.alloc(1), z.alloc(outside::Private::One(z.alloc(2)))));
    {
        #[derive(DeepCopy, Debug)]
        struct Local<'z, T>(&'z T);
        copies!(|z| Local(z.alloc(Local(z.alloc(1)))));
    }
    let in_a_closure = || {
        #[derive(DeepCopy, Clone, Copy, Debug, PartialEq)]
        #[deep_copy(flat)]
        struct Local(u8);
        assert_eq!(beginz!({ [Local(1); 2] }), [Local(1); 2]);
    };
    in_a_closure();
}

#[derive(DeepCopy, Debug)]
#[deep_copy(zone = 'z)]
struct Token<'src, 'z> {
    text: &'src str,
    decoded: Option<(&'src str, u8)>,
    marks: PhantomData<&'src ()>,
    next: Option<&'z Token<'src, 'z>>,
}

#[test]
fn with_two_lifetimes_what_borrows_from_the_other_stays_where_it_is() {
    let source = String::from("let x");
    let target = Zone::new(0);
    let token: Token<'_, '_> = beginz!(z in &target => {
        let next = z.alloc(Token {
            text: &source[4..],
            decoded: Some((&source[..1], 1)),
            marks: PhantomData,
            next: None,
        });
        Token {
            text: &source[..3],
            decoded: None,
            marks: PhantomData,
            next: Some(next),
        }
    });
    let next = token.next.unwrap();
    assert!(target.contains(next));
    assert_eq!((token.text.as_ptr(), next.text.as_ptr()), (source.as_ptr(), source[4..].as_ptr()));
    assert_eq!((next.decoded.unwrap().0.as_ptr(), next.text), (source.as_ptr(), "x"));
    copies!(|z| Token {
        text: "static",
        decoded: Some(("a", 2)),
        marks: PhantomData,
        next: Some(z.alloc(Token { text: "b", decoded: None, marks: PhantomData, next: None })),
    });
}

#[derive(DeepCopy, Debug)]
#[deep_copy(zone = 'z)]
struct Name<'z, 'src> {
    text: Cow<'src, str>,
    lengths: &'z [usize],
}

#[test]
fn what_borrows_from_the_other_may_own_too() {
    let source = String::from("text");
    copies!(|z| [
        Name { text: Cow::Borrowed(&source), lengths: z.alloc_slice(1, 4) },
        Name { text: Cow::Owned("own".into()), lengths: z.alloc_slice(1, 3) },
    ]);
}

/// Without `DeepCopy`, as another crate's type is.
#[derive(Clone, Debug, PartialEq)]
struct Foreign(Vec<u8>);

#[derive(Clone, Copy, Debug, PartialEq)]
struct ForeignPlain(u8);

#[derive(DeepCopy, Debug)]
struct Mixed<'z, T> {
    #[deep_copy(keep)]
    foreign: Foreign,
    #[deep_copy(flat)]
    plain: ForeignPlain,
    #[deep_copy(flat)]
    device: *const u8,
    name: &'static str,
    names: Vec<&'static str>,
    samples: &'z [T],
}

#[derive(DeepCopy, Debug)]
enum MixedEnum<'z> {
    Kept(#[deep_copy(keep)] Foreign, &'z u8),
    Flat {
        #[deep_copy(flat)]
        plain: ForeignPlain,
    },
}

#[test]
fn kept_fields_move_or_are_cloned_and_flat_ones_are_copied_bit_by_bit() {
    fn make(samples: &[f32]) -> Mixed<'_, f32> {
        Mixed {
            foreign: Foreign(vec![1, 2]),
            plain: ForeignPlain(3),
            device: std::ptr::null(),
            name: "saw",
            names: vec!["a", "b"],
            samples,
        }
    }
    copies!(|z| make(z.alloc_slice(3, 0.5_f32)));
    let (source, target) = (Zone::new(0), Zone::new(0));
    let mixed = make(source.alloc_slice(2, 0.25));
    let copy = zcopy(&mixed, &target);
    assert_eq!(copy.name.as_ptr(), mixed.name.as_ptr());
    assert_ne!(copy.foreign.0.as_ptr(), mixed.foreign.0.as_ptr());
    let place = mixed.foreign.0.as_ptr();
    let moved = beginz!(_z in &target => mixed);
    assert_eq!(moved.foreign.0.as_ptr(), place);
    assert!(target.contains(moved.samples) && target.contains(copy.samples));
    copies!(|z| [
        MixedEnum::Kept(Foreign(vec![1]), z.alloc(2)),
        MixedEnum::Flat { plain: ForeignPlain(3) }
    ]);
}

/// Far down, copies are made by tasks: kept parts go along there too.
#[derive(DeepCopy)]
struct Deep<'z> {
    #[deep_copy(keep)]
    range: std::ops::Range<u8>,
    #[deep_copy(flat)]
    plain: ForeignPlain,
    tag: PhantomData<Foreign>,
    call: fn(&[u8]) -> u8,
    next: Option<&'z Deep<'z>>,
}

#[derive(DeepCopy)]
struct DeepOwner {
    #[deep_copy(keep)]
    foreign: Foreign,
    next: Option<Box<DeepOwner>>,
}

#[test]
fn all_kinds_of_fields_copy_deep_down_too() {
    const MANY: u8 = if cfg!(miri) { 60 } else { 200 };
    let nodes = if cfg!(miri) { 100 } else { 20_000 };
    let target = Zone::new(0);
    let copy: &Deep<'_> = beginz!(z in &target => {
        let mut next = None;
        for n in 0..nodes {
            next = Some(&*z.alloc(Deep {
                range: 1..2,
                plain: ForeignPlain((n % usize::from(MANY)) as u8),
                tag: PhantomData,
                call: |bytes| bytes[0],
                next,
            }));
        }
        next.unwrap()
    });
    let mut count = 0;
    for node in std::iter::successors(Some(copy), |node| node.next) {
        count += 1;
        assert_eq!(usize::from(node.plain.0), (nodes - count) % usize::from(MANY));
        assert_eq!(((node.call)(&[7]), node.range.len()), (7, 1));
    }
    assert_eq!(count, nodes);
    let mut owner = None;
    for n in 0..nodes {
        owner = Some(Box::new(DeepOwner { foreign: Foreign(vec![n as u8]), next: owner }));
    }
    let copy = zcopy(&owner, &target);
    let mut moved = beginz!(owner);
    let mut next = copy.as_deref();
    for n in (0..nodes).rev() {
        let node = next.take().unwrap();
        assert_eq!(node.foreign.0, [n as u8]);
        next = node.next.as_deref();
    }
    for mut node in [copy, moved.take()].into_iter().flatten() {
        while let Some(next) = node.next.take() {
            node = next;
        }
    }
}

/// Function pointers of all kinds, also those that no trait can know.
#[derive(DeepCopy, Clone, Copy)]
struct Calls<'z> {
    plain: fn(f32) -> f32,
    borrows: fn(&mut [f32], &[f32]),
    returns: for<'a> fn(&'a [f32]) -> &'a f32,
    of_c: Option<unsafe extern "C" fn(*mut u8, ...) -> i32>,
    many: [(fn(&u8) -> u8, extern "system" fn()); 2],
    samples: &'z [f32],
}

#[test]
fn fields_of_function_pointers_copy_whatever_their_arguments_borrow() {
    extern "system" fn nothing() {}
    let (source, target) = (Zone::new(0), Zone::new(0));
    let calls = Calls {
        plain: |x| x + 1.0,
        borrows: |a, b| a.copy_from_slice(b),
        returns: |a| &a[0],
        of_c: None,
        many: [(|x| *x, nothing as extern "system" fn()); 2],
        samples: source.alloc_slice(2, 0.5),
    };
    let copy = zcopy(&calls, &target);
    drop(source);
    let mut block = [0.0; 2];
    (copy.borrows)(&mut block, copy.samples);
    (copy.many[1].1)();
    assert_eq!(((copy.plain)(*(copy.returns)(&block)), (copy.many[0].0)(&3)), (1.5, 3));
    assert!(copy.of_c.is_none());
}

/// Names what it is a handle of, which need not be of any kind.
#[derive(DeepCopy)]
struct Handle<T: ?Sized> {
    index: u32,
    of: PhantomData<T>,
}

impl<T: ?Sized> Debug for Handle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.index)
    }
}

impl<T: ?Sized> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Handle { index: self.index, of: PhantomData }
    }
}

#[derive(Debug)]
struct Texture;

#[derive(DeepCopy, Debug)]
struct Mesh<'z> {
    texture: Handle<Texture>,
    shader: Handle<dyn Sound<Sample = f32>>,
    raw: PhantomData<*const ()>,
    of_zone: PhantomData<(Texture, &'z ())>,
    corners: &'z [[f32; 3]],
}

#[derive(DeepCopy, Debug)]
struct Layer<'z, #[deep_copy(keep)] T> {
    handle: Handle<T>,
    name: &'z str,
}

#[derive(DeepCopy, Debug)]
struct Slot<'z, T> {
    #[deep_copy(keep)]
    handle: Handle<T>,
    name: &'z str,
}

#[test]
fn typed_handles_copy_whatever_they_are_handles_of() {
    copies!(|z| Mesh {
        texture: Handle { index: 1, of: PhantomData },
        shader: Handle { index: 2, of: PhantomData },
        raw: PhantomData,
        of_zone: PhantomData,
        corners: z.alloc_slice(2, [0.5; 3]),
    });
    let handle = || Handle::<Texture> { index: 3, of: PhantomData };
    copies!(|z| Layer { handle: handle(), name: z.alloc_str("layer") });
    copies!(|z| Slot { handle: handle(), name: z.alloc_str("slot") });
}

#[derive(DeepCopy, Debug)]
struct Sampler<'z, S: Sound + Debug> {
    sound: &'z S,
    last: S::Sample,
    all: &'z [<S as Sound>::Sample],
}

#[derive(DeepCopy, Debug)]
struct Bank<'z, S: Sound> {
    all: &'z [S::Sample],
    first: Option<S::Sample>,
}

#[derive(DeepCopy, Debug)]
struct Items<'z, I: Iterator>
where
    I::Item: Copy + 'z,
{
    items: &'z [I::Item],
}

#[test]
fn associated_types_copy_in_fields() {
    copies!(|z| Sampler { sound: z.alloc(Sine(0.5)), last: 1.0, all: z.alloc_slice(2, 0.25) });
    copies!(|z| Bank::<Sine> { all: z.alloc_slice(2, 0.25), first: Some(1.0) });
    copies!(|z| Items::<std::ops::Range<u8>> { items: z.alloc_slice(2, 7) });
}

#[derive(DeepCopy, Debug)]
struct Behind<'z, T: ?Sized>(&'z T, Option<&'z Behind<'z, T>>);

#[derive(DeepCopy, Debug)]
struct BehindMut<'z, T>
where
    T: ?Sized + Debug,
{
    one: &'z mut T,
}

#[test]
fn what_is_unsized_copies_behind_a_reference() {
    copies!(|z| Behind::<str>(z.alloc_str("a"), Some(z.alloc(Behind(z.alloc_str("b"), None)))));
    copies!(|z| Behind::<[u16]>(z.alloc_slice(2, 7), None));
    copies!(|z| Behind::<u16>(z.alloc(7), None));
    copies!(|z| BehindMut::<[&u8]> { one: z.alloc_iter([&*z.alloc(7)]) });
    copies!(|z| BehindMut::<str> { one: z.alloc_str("a") });
}

mod engine {
    pub(super) mod parts {
        pub(in super::super) use memzone as memory;
    }
}

#[derive(DeepCopy, Debug)]
#[deep_copy(crate = crate::engine::parts::memory)]
struct Reexported<'z>(&'z [u8]);

#[derive(DeepCopy, Debug, Clone, Copy)]
#[deep_copy(flat, crate = engine::parts::memory)]
struct ReexportedFlat(#[allow(dead_code)] u8);

#[test]
fn a_lifetime_of_ours_and_another_path_to_this_crate_are_no_matter() {
    #[derive(DeepCopy, Debug)]
    struct Ours<'memzone>(&'memzone u8);
    copies!(|z| Ours(z.alloc(1)));
    copies!(|z| (Reexported(z.alloc_slice(2, 1)), ReexportedFlat(1)));
}
