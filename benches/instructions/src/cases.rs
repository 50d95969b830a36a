//! All rows.
//!
//! Each candidate is used as its own documentation recommends: `alloc`-like calls on an arena in hand,
//! and through a `thread_local!` with a `RefCell` ("through the thread"), which is what safe code has in the
//! place of a scope that finds its zone by itself. Arenas are made with room for a batch, and warm.

use crate::extempore;
use crate::{Case, Row, hide, sink};
use allocator_api2::alloc::{AllocError, Allocator};
use allocator_api2::boxed::Box as BoxIn;
use allocator_api2::vec::Vec as VecIn;
use blink_alloc::Blink;
use bumpalo::Bump;
use memzone::{
    Binder, Caller, DeepCopy, Fader, HBox, RtHeap, ZBox, Zone, ZoneFn, beginz, halloc_in, hot,
    letz, peek_zone, pop_zone, push_zone,
};
use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::RefCell;
use std::ptr::NonNull;
use stumpalo::Arena;

type BumpScope = bump_scope::Bump;

/// Room for a batch.
const ROOM: usize = 1 << 20;

/// The samples of a slice whose length is a constant.
const SAMPLES: usize = 64;

/// `mimalloc` as an allocator for boxes and vectors, so that it need not be the process's own.
#[derive(Clone, Copy)]
pub struct Mi;

// SAFETY: `MiMalloc` is a global allocator. No size here is zero.
unsafe impl Allocator for Mi {
    #[inline(always)]
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: not zero.
        let start = NonNull::new(unsafe { MiMalloc.alloc(layout) }).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(start, layout.size()))
    }
    #[inline(always)]
    unsafe fn deallocate(&self, start: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { MiMalloc.dealloc(start.as_ptr(), layout) };
    }
    #[inline(always)]
    unsafe fn grow(
        &self,
        start: NonNull<u8>,
        old: Layout,
        new: Layout,
    ) -> Result<NonNull<[u8]>, AllocError> {
        // SAFETY: the caller's promise.
        let start = unsafe { MiMalloc.realloc(start.as_ptr(), old, new.size()) };
        let start = NonNull::new(start).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(start, new.size()))
    }
}

thread_local! {
    static BUMPALO: RefCell<Bump> = RefCell::new(Bump::with_capacity(ROOM));
    static BUMP_SCOPE: RefCell<BumpScope> = RefCell::new(BumpScope::with_size(ROOM));
    static STUMPALO: RefCell<Arena> = RefCell::new(Arena::with_capacity(ROOM));
    static BLINK: RefCell<Blink> = RefCell::new(blink());
    static MULTITUDE: RefCell<multitude::Arena> = RefCell::new(multitude::Arena::new());
}

fn blink() -> Blink {
    Blink::new_in(blink_alloc::BlinkAlloc::with_chunk_size(ROOM))
}

/// Where a value is.
#[inline(always)]
fn at<T: ?Sized>(value: &T) -> *const u8 {
    std::ptr::from_ref(value).cast()
}

/// Reads a value back from memory that was sunk.
#[inline(always)]
fn read(value: &u64) -> *const u8 {
    sink(value);
    *value as usize as *const u8
}

macro_rules! cases {
    ($rows:ident, $case:literal, times $times:expr, parts $parts:expr;
     $($name:ident $candidate:literal: $state:ty = $make:expr;
       |$s:pat_param, $n:pat_param| $run:expr; |$t:pat_param| $tidy:expr;)*) => {
        pub const $rows: &[Row] = &[$(Row::of::<$name>()),*];
        $(
            pub struct $name;
            impl Case for $name {
                const CASE: &'static str = $case;
                const CANDIDATE: &'static str = $candidate;
                const TIMES: usize = $times;
                const PARTS: usize = $parts;
                type State = $state;
                fn make() -> $state {
                    $make
                }
                #[inline(always)]
                fn run($s: &mut $state, $n: usize) -> *const u8 {
                    $run
                }
                #[inline(always)]
                fn tidy($t: &mut $state) {
                    $tidy
                }
            }
        )*
    };
}

cases! { ONE, "one u64", times 1000, parts 1;
    OneMemzone "memzone": Zone = Zone::new(ROOM); |z, n| at(z.alloc(n as u64)); |z| z.reset().unwrap();
    OneBumpalo "bumpalo": Bump = Bump::with_capacity(ROOM); |b, n| at(b.alloc(n as u64)); |b| b.reset();
    OneBumpScope "bump-scope": BumpScope = BumpScope::with_size(ROOM); |b, n| at(b.alloc(n as u64).into_ref()); |b| b.reset();
    OneStumpalo "stumpalo": Arena = Arena::with_capacity(ROOM); |a, n| at(a.alloc(n as u64)); |a| a.clear();
    OneBlink "blink-alloc": Blink = blink(); |b, n| at(b.put_no_drop(n as u64)); |b| b.reset();
    OneMultitude "multitude": multitude::Arena = multitude::Arena::new(); |a, n| at(&*a.alloc(n as u64)); |a| a.reset();
    OneOxc "oxc_allocator": oxc_allocator::Allocator = oxc_allocator::Allocator::with_capacity(ROOM); |a, n| at(a.alloc(n as u64)); |a| a.reset();
    OneMalloc "malloc": () = (); |(), n| read(&Box::new(n as u64)); |()| ();
    OneMimalloc "mimalloc": () = (); |(), n| read(&BoxIn::new_in(n as u64, Mi)); |()| ();
}

/// The sample that slices are filled with. From the input, so that no table of constants serves.
#[inline(always)]
fn sample(n: usize) -> f32 {
    f32::from_bits(n as u32)
}

cases! { SLICE, "slice of 64 f32", times 100, parts 1;
    SliceMemzone "memzone": Zone = Zone::new(ROOM); |z, n| at(z.alloc_slice(SAMPLES, sample(n))); |z| z.reset().unwrap();
    SliceBumpalo "bumpalo": Bump = Bump::with_capacity(ROOM); |b, n| at(b.alloc_slice_fill_copy(SAMPLES, sample(n))); |b| b.reset();
    SliceBumpScope "bump-scope": BumpScope = BumpScope::with_size(ROOM); |b, n| at(b.alloc_slice_fill(SAMPLES, sample(n)).into_ref()); |b| b.reset();
    SliceStumpalo "stumpalo": Arena = Arena::with_capacity(ROOM); |a, n| at(a.alloc_sized_slice_with(|| [sample(n); SAMPLES])); |a| a.clear();
    SliceBlink "blink-alloc": Blink = blink(); |b, n| at(b.emplace_no_drop().from_iter(std::iter::repeat_n(sample(n), SAMPLES))); |b| b.reset();
    SliceMultitude "multitude": multitude::Arena = multitude::Arena::new(); |a, n| at(&*a.alloc_slice_fill_with(SAMPLES, |_| sample(n))); |a| a.reset();
    SliceOxc "oxc_allocator": oxc_allocator::Allocator = oxc_allocator::Allocator::with_capacity(ROOM); |a, n| at(a.alloc([sample(n); SAMPLES])); |a| a.reset();
    SliceMalloc "malloc": () = (); |(), n| { let v = vec![sample(n); SAMPLES]; sink(&raw const v[..]as *const f32); at(&v[..]) }; |()| ();
    SliceMimalloc "mimalloc": () = (); |(), n| { let mut v = VecIn::with_capacity_in(SAMPLES, Mi); v.resize(SAMPLES, sample(n)); sink(v.as_ptr()); at(&v[..]) }; |()| ();
}

cases! { SLICE_RUN, "slice of 64 f32, length known when running", times 100, parts 1;
    SliceRunMemzone "memzone": Zone = Zone::new(ROOM); |z, n| at(z.alloc_slice(hide(SAMPLES), sample(n))); |z| z.reset().unwrap();
    SliceRunBumpalo "bumpalo": Bump = Bump::with_capacity(ROOM); |b, n| at(b.alloc_slice_fill_copy(hide(SAMPLES), sample(n))); |b| b.reset();
    SliceRunBumpScope "bump-scope": BumpScope = BumpScope::with_size(ROOM); |b, n| at(b.alloc_slice_fill(hide(SAMPLES), sample(n)).into_ref()); |b| b.reset();
    SliceRunStumpalo "stumpalo": Arena = Arena::with_capacity(ROOM); |a, n| at(a.alloc_slice_fill_copy(hide(SAMPLES), sample(n))); |a| a.clear();
    SliceRunBlink "blink-alloc": Blink = blink(); |b, n| at(b.emplace_no_drop().from_iter(std::iter::repeat_n(sample(n), hide(SAMPLES)))); |b| b.reset();
    SliceRunMultitude "multitude": multitude::Arena = multitude::Arena::new(); |a, n| at(&*a.alloc_slice_fill_with(hide(SAMPLES), |_| sample(n))); |a| a.reset();
    SliceRunMalloc "malloc": () = (); |(), n| { let v = vec![sample(n); hide(SAMPLES)]; sink(v.as_ptr()); at(&v[..]) }; |()| ();
    SliceRunMimalloc "mimalloc": () = (); |(), n| { let mut v = VecIn::with_capacity_in(hide(SAMPLES), Mi); v.resize(hide(SAMPLES), sample(n)); sink(v.as_ptr()); at(&v[..]) }; |()| ();
}

cases! { SLICE_LONG, "slice of 1024 f32, length known when running", times 10, parts 1;
    SliceLongMemzone "memzone": Zone = Zone::new(ROOM); |z, n| at(z.alloc_slice(hide(1024), sample(n))); |z| z.reset().unwrap();
    SliceLongBumpalo "bumpalo": Bump = Bump::with_capacity(ROOM); |b, n| at(b.alloc_slice_fill_copy(hide(1024), sample(n))); |b| b.reset();
    SliceLongBumpScope "bump-scope": BumpScope = BumpScope::with_size(ROOM); |b, n| at(b.alloc_slice_fill(hide(1024), sample(n)).into_ref()); |b| b.reset();
    SliceLongStumpalo "stumpalo": Arena = Arena::with_capacity(ROOM); |a, n| at(a.alloc_slice_fill_copy(hide(1024), sample(n))); |a| a.clear();
    SliceLongMultitude "multitude": multitude::Arena = multitude::Arena::new(); |a, n| at(&*a.alloc_slice_fill_with(hide(1024), |_| sample(n))); |a| a.reset();
    SliceLongMalloc "malloc": () = (); |(), n| { let v = vec![sample(n); hide(1024)]; sink(v.as_ptr()); at(&v[..]) }; |()| ();
}

cases! { SCOPE, "scope with one allocation", times 1000, parts 1;
    ScopeMemzone "memzone": () = (); |(), n| beginz!(z => { read(z.alloc(n as u64)) as usize }) as *const u8; |()| ();
    ScopeStumpaloThread "stumpalo, through the thread": () = (); |(), n| STUMPALO.with_borrow_mut(|a| a.with_scope(|s| read(s.alloc(n as u64)) as usize)) as *const u8; |()| ();
    ScopeBumpScopeThread "bump-scope, through the thread": () = (); |(), n| BUMP_SCOPE.with_borrow_mut(|b| b.scoped(|s| read(s.alloc(n as u64).into_ref()) as usize)) as *const u8; |()| ();
    ScopeBumpaloThread "bumpalo reset, through the thread": () = (); |(), n| BUMPALO.with_borrow_mut(|b| { let v = read(b.alloc(n as u64)) as usize; b.reset(); v }) as *const u8; |()| ();
    ScopeBlinkThread "blink-alloc reset, through the thread": () = (); |(), n| BLINK.with_borrow_mut(|b| { let v = read(b.put_no_drop(n as u64)) as usize; b.reset(); v }) as *const u8; |()| ();
    ScopeMultitudeThread "multitude reset, through the thread": () = (); |(), n| MULTITUDE.with_borrow_mut(|a| { let v = read(&a.alloc(n as u64)) as usize; a.reset(); v }) as *const u8; |()| ();
    ScopeStumpalo "stumpalo, arena in hand": Arena = Arena::with_capacity(ROOM); |a, n| a.with_scope(|s| read(s.alloc(n as u64)) as usize) as *const u8; |_| ();
    ScopeBumpScope "bump-scope, arena in hand": BumpScope = BumpScope::with_size(ROOM); |b, n| b.scoped(|s| read(s.alloc(n as u64).into_ref()) as usize) as *const u8; |_| ();
    ScopeBumpalo "bumpalo, fresh": () = (); |(), n| { let b = Bump::new(); read(b.alloc(n as u64)) }; |()| ();
    ScopeMalloc "malloc": () = (); |(), n| read(&Box::new(n as u64)); |()| ();
    ScopeMimalloc "mimalloc": () = (); |(), n| read(&BoxIn::new_in(n as u64, Mi)); |()| ();
}

/// 64 bytes.
type Line = [u64; 8];

macro_rules! nest_memzone {
    ($n:expr;) => {
        0_usize
    };
    ($n:expr; $_level:tt $($rest:tt)*) => {
        beginz!(z => {
            sink::<Line>(z.alloc([$n as u64; 8]));
            nest_memzone!($n; $($rest)*)
        })
    };
}

macro_rules! nest_stumpalo {
    ($arena:expr, $n:expr;) => {
        0_usize
    };
    ($arena:expr, $n:expr; $_level:tt $($rest:tt)*) => {
        $arena.with_scope(|a| {
            sink::<Line>(a.alloc([$n as u64; 8]));
            nest_stumpalo!(a, $n; $($rest)*)
        })
    };
}

macro_rules! nest_bump_scope {
    ($arena:expr, $n:expr;) => {
        0_usize
    };
    ($arena:expr, $n:expr; $_level:tt $($rest:tt)*) => {
        $arena.scoped(|a| {
            sink::<Line>(a.alloc([$n as u64; 8]).into_ref());
            nest_bump_scope!(a, $n; $($rest)*)
        })
    };
}

macro_rules! nest_bumpalo {
    ($n:expr;) => {
        0_usize
    };
    ($n:expr; $_level:tt $($rest:tt)*) => {{
        let bump = Bump::new();
        sink::<Line>(bump.alloc([$n as u64; 8]));
        nest_bumpalo!($n; $($rest)*)
    }};
}

macro_rules! nest_malloc {
    ($n:expr;) => {
        0_usize
    };
    ($n:expr; $_level:tt $($rest:tt)*) => {{
        let line = Box::new([$n as u64; 8]);
        sink::<Line>(&raw const *line);
        nest_malloc!($n; $($rest)*)
    }};
}

cases! { NESTED, "8 nested scopes of 64 bytes", times 100, parts 1;
    NestedMemzone "memzone": () = (); |(), n| nest_memzone!(n; 1 2 3 4 5 6 7 8) as *const u8; |()| ();
    NestedStumpalo "stumpalo, arena in hand": Arena = Arena::with_capacity(ROOM); |a, n| nest_stumpalo!(a, n; 1 2 3 4 5 6 7 8) as *const u8; |_| ();
    NestedStumpaloThread "stumpalo, through the thread once": () = (); |(), n| STUMPALO.with_borrow_mut(|a| nest_stumpalo!(a, n; 1 2 3 4 5 6 7 8)) as *const u8; |()| ();
    NestedBumpScope "bump-scope, arena in hand": BumpScope = BumpScope::with_size(ROOM); |b, n| nest_bump_scope!(b, n; 1 2 3 4 5 6 7 8) as *const u8; |_| ();
    NestedBumpScopeThread "bump-scope, through the thread once": () = (); |(), n| BUMP_SCOPE.with_borrow_mut(|b| nest_bump_scope!(b, n; 1 2 3 4 5 6 7 8)) as *const u8; |()| ();
    NestedBumpalo "bumpalo, fresh": () = (); |(), n| nest_bumpalo!(n; 1 2 3 4 5 6 7 8) as *const u8; |()| ();
    NestedMalloc "malloc": () = (); |(), n| nest_malloc!(n; 1 2 3 4 5 6 7 8) as *const u8; |()| ();
}

const SCRATCH: usize = 4096;
const RESULT: usize = 1024;

cases! { RETURN, "scope that returns 1024 of 5120 samples", times 1, parts 1;
    ReturnMemzone "memzone": Zone = Zone::new(ROOM);
        |outer, n| at(beginz!(32 * 1024, z in outer => { sink(z.alloc_slice(SCRATCH, sample(n)).as_ptr()); let result = z.alloc_slice(RESULT, sample(n)); sink(result.as_ptr()); result }));
        |outer| outer.reset().unwrap();
    ReturnStumpalo "stumpalo, copied by hand": (Arena, Arena) = (Arena::with_capacity(ROOM), Arena::with_capacity(ROOM));
        |(outer, inner), n| at(inner.with_scope(|s| { sink(s.alloc_slice_fill_copy(SCRATCH, sample(n)).as_ptr()); let result = s.alloc_slice_fill_copy(RESULT, sample(n)); sink(result.as_ptr()); outer.alloc_slice_copy(result) }));
        |(outer, _)| outer.clear();
    ReturnBumpScope "bump-scope, copied by hand": (BumpScope, BumpScope) = (BumpScope::with_size(ROOM), BumpScope::with_size(ROOM));
        |(outer, inner), n| at(inner.scoped(|s| { sink(s.alloc_slice_fill(SCRATCH, sample(n)).as_ptr()); let result = s.alloc_slice_fill(RESULT, sample(n)).into_ref(); sink(result.as_ptr()); outer.alloc_slice_copy(result).into_ref() }));
        |(outer, _)| outer.reset();
    ReturnBumpalo "bumpalo reset, copied by hand": (Bump, Bump) = (Bump::with_capacity(ROOM), Bump::with_capacity(ROOM));
        |(outer, inner), n| { sink(inner.alloc_slice_fill_copy(SCRATCH, sample(n)).as_ptr()); let result = inner.alloc_slice_fill_copy(RESULT, sample(n)); sink(result.as_ptr()); let kept = at(outer.alloc_slice_copy(result)); inner.reset(); kept };
        |(outer, _)| outer.reset();
    ReturnMalloc "malloc, moved": () = ();
        |(), n| { let scratch = vec![sample(n); SCRATCH]; sink(scratch.as_ptr()); let result = vec![sample(n); RESULT]; sink(result.as_ptr()); drop(scratch); at(&result[..]) };
        |()| ();
}

cases! { AMBIENT, "64 f32 without a handle", times 100, parts 1;
    AmbientMemzone "memzone, ambient alloc": () = (); |(), n| { let _ = n; let b = memzone::alloc::<f32>(SAMPLES); sink(b.as_ptr()); at(&b[..]) }; |()| ();
    AmbientStumpalo "stumpalo, through the thread": () = (); |(), _| STUMPALO.with_borrow(|a| at(a.alloc_sized_slice_fill_default::<f32, SAMPLES>())); |()| STUMPALO.with_borrow_mut(|a| a.clear());
    AmbientBumpScope "bump-scope, through the thread": () = (); |(), _| BUMP_SCOPE.with_borrow(|b| at(b.alloc_slice_fill(SAMPLES, 0.0_f32).into_ref())); |()| BUMP_SCOPE.with_borrow_mut(|b| b.reset());
    AmbientBumpalo "bumpalo, through the thread": () = (); |(), _| BUMPALO.with_borrow(|b| at(b.alloc_slice_fill_default::<f32>(SAMPLES))); |()| BUMPALO.with_borrow_mut(|b| b.reset());
    AmbientMalloc "malloc": () = (); |(), _| { let v = vec![0.0_f32; SAMPLES]; sink(v.as_ptr()); at(&v[..]) }; |()| ();
    AmbientMimalloc "mimalloc": () = (); |(), _| { let mut v = VecIn::with_capacity_in(SAMPLES, Mi); v.resize(SAMPLES, 0.0_f32); sink(v.as_ptr()); at(&v[..]) }; |()| ();
}

/// Levels of the tree that is copied: 65,535 nodes.
const LEVELS: u32 = 16;
const NODES: usize = (1 << LEVELS) - 1;

#[derive(DeepCopy)]
pub struct Node<'a> {
    value: u64,
    left: Option<&'a Node<'a>>,
    right: Option<&'a Node<'a>>,
}

#[derive(Clone)]
#[expect(dead_code, reason = "they are there to be copied")]
pub struct BoxNode {
    value: u64,
    left: Option<Box<BoxNode>>,
    right: Option<Box<BoxNode>>,
}

pub struct MiNode {
    value: u64,
    left: Option<BoxIn<MiNode, Mi>>,
    right: Option<BoxIn<MiNode, Mi>>,
}

impl Clone for MiNode {
    fn clone(&self) -> MiNode {
        let child = |child: &Option<BoxIn<MiNode, Mi>>| {
            child.as_ref().map(|c| BoxIn::new_in(MiNode::clone(c), Mi))
        };
        MiNode { value: self.value, left: child(&self.left), right: child(&self.right) }
    }
}

fn box_tree(levels: u32) -> Option<Box<BoxNode>> {
    (levels > 0).then(|| {
        let (left, right) = (box_tree(levels - 1), box_tree(levels - 1));
        Box::new(BoxNode { value: u64::from(levels), left, right })
    })
}

fn mi_tree(levels: u32) -> Option<BoxIn<MiNode, Mi>> {
    (levels > 0).then(|| {
        let (left, right) = (mi_tree(levels - 1), mi_tree(levels - 1));
        BoxIn::new_in(MiNode { value: u64::from(levels), left, right }, Mi)
    })
}

/// The tree that all arenas copy: its nodes lie one behind the other, in the order they are copied in.
fn tree() -> &'static Node<'static> {
    fn node(levels: u32) -> Option<&'static Node<'static>> {
        (levels > 0).then(|| {
            let (left, right) = (node(levels - 1), node(levels - 1));
            &*SOURCE.with(|source| source.alloc(Node { value: u64::from(levels), left, right }))
        })
    }
    thread_local! {
        static SOURCE: &'static Bump = Box::leak(Box::new(Bump::with_capacity(NODES * 32)));
    }
    node(LEVELS).expect("there are levels")
}

macro_rules! copy_by_hand {
    ($name:ident, $arena:ty, |$a:ident, $node:ident| $alloc:expr) => {
        fn $name<'z>(source: &Node<'_>, $a: &'z $arena) -> &'z Node<'z> {
            let $node = Node {
                value: source.value,
                left: source.left.map(|child| $name(child, $a)),
                right: source.right.map(|child| $name(child, $a)),
            };
            $alloc
        }
    };
}

copy_by_hand!(copy_to_stumpalo, Arena, |a, node| a.alloc(node));
copy_by_hand!(copy_to_bumpalo, Bump, |a, node| a.alloc(node));
copy_by_hand!(copy_to_bump_scope, BumpScope, |a, node| bump_scope::BumpBox::leak(a.alloc(node)));
copy_by_hand!(copy_to_zone, Zone, |a, node| a.alloc(node));

/// Room for the copy.
const TREE: usize = NODES * 32 + 4096;

cases! { TREE_COPY, "deep copy of a tree, a node", times 1, parts NODES;
    TreeMemzone "memzone, derived": (&'static Node<'static>, Zone) = (tree(), Zone::new(TREE)); |(t, z), _| at(memzone::zcopy(&*t, z)); |(_, z)| z.reset().unwrap();
    TreeMemzoneHand "memzone, by hand": (&'static Node<'static>, Zone) = (tree(), Zone::new(TREE)); |(t, z), _| at(copy_to_zone(t, z)); |(_, z)| z.reset().unwrap();
    TreeStumpalo "stumpalo, by hand": (&'static Node<'static>, Arena) = (tree(), Arena::with_capacity(TREE)); |(t, a), _| at(copy_to_stumpalo(t, a)); |(_, a)| a.clear();
    TreeBumpScope "bump-scope, by hand": (&'static Node<'static>, BumpScope) = (tree(), BumpScope::with_size(TREE)); |(t, a), _| at(copy_to_bump_scope(t, a)); |(_, a)| a.reset();
    TreeBumpalo "bumpalo, by hand": (&'static Node<'static>, Bump) = (tree(), Bump::with_capacity(TREE)); |(t, a), _| at(copy_to_bumpalo(t, a)); |(_, a)| a.reset();
    TreeMalloc "malloc, Box cloned and dropped": Option<Box<BoxNode>> = box_tree(LEVELS); |t, _| { let copy = t.clone(); sink(&raw const copy); copy.as_ref().map_or(std::ptr::null(), |c| at(&**c)) }; |_| ();
    TreeMimalloc "mimalloc, boxes cloned and dropped": Option<BoxIn<MiNode, Mi>> = mi_tree(LEVELS); |t, _| { let copy = t.as_ref().map(|t| BoxIn::new_in(MiNode::clone(t), Mi)); sink(&raw const copy); copy.as_ref().map_or(std::ptr::null(), |c| at(&**c)) }; |_| ();
}

cases! { OWNED, "owned value of 64 bytes, made and dropped", times 1000, parts 1;
    OwnedMemzone "memzone, ZBox in a zone in hand": Zone = Zone::new(ROOM); |z, n| { let b = z.boxed([n as u64; 8]); sink::<Line>(&raw const *b); at(&*b) }; |z| z.reset().unwrap();
    OwnedMemzoneAmbient "memzone, ZBox::new": () = (); |(), n| { let b = ZBox::new([n as u64; 8]); sink::<Line>(&raw const *b); at(&*b) }; |()| ();
    OwnedBumpScope "bump-scope, BumpBox": BumpScope = BumpScope::with_size(ROOM); |s, n| { let b = s.alloc([n as u64; 8]); sink::<Line>(&raw const *b); at(&*b) }; |s| s.reset();
    OwnedBumpalo "bumpalo, boxed::Box": Bump = Bump::with_capacity(ROOM); |s, n| { let b = bumpalo::boxed::Box::new_in([n as u64; 8], s); sink::<Line>(&raw const *b); at(&*b) }; |s| s.reset();
    OwnedMultitude "multitude, Box": multitude::Arena = multitude::Arena::new(); |a, n| { let b = a.alloc_box([n as u64; 8]); sink::<Line>(&raw const *b); at(&*b) }; |a| a.reset();
    OwnedMalloc "malloc, Box": () = (); |(), n| { let b = Box::new([n as u64; 8]); sink::<Line>(&raw const *b); at(&*b) }; |()| ();
    OwnedMimalloc "mimalloc, Box": () = (); |(), n| { let b = BoxIn::new_in([n as u64; 8], Mi); sink::<Line>(&raw const *b); at(&*b) }; |()| ();
}

/// `rlsf` with the parameters that `RtHeap` uses.
pub struct Bare(rlsf::Tlsf<'static, u32, u32, 28, 32>);

impl Bare {
    fn new() -> Bare {
        let mut tlsf = rlsf::Tlsf::new();
        tlsf.insert_free_block(vec![std::mem::MaybeUninit::uninit(); ROOM].leak());
        Bare(tlsf)
    }
}

cases! { HEAP, "heap block of 64 bytes, taken and freed", times 1000, parts 1;
    HeapMemzone "memzone, RtHeap": RtHeap = RtHeap::new(ROOM); |h, n| { let b: HBox<Line, RtHeap> = halloc_in(h, [n as u64; 8]).unwrap(); sink::<Line>(&raw const *b); at(&*b) }; |_| ();
    HeapRlsf "rlsf, bare": Bare = Bare::new(); |h, n| {
        let start = h.0.allocate(Layout::new::<Line>()).unwrap();
        // SAFETY: just taken for a line.
        unsafe { start.cast::<Line>().write([n as u64; 8]) };
        sink(start.as_ptr());
        // SAFETY: taken above, with this alignment.
        unsafe { h.0.deallocate(start, align_of::<Line>()) };
        start.as_ptr()
    }; |_| ();
    HeapMalloc "malloc, Box": () = (); |(), n| { let b = Box::new([n as u64; 8]); sink::<Line>(&raw const *b); at(&*b) }; |()| ();
    HeapMimalloc "mimalloc, Box": () = (); |(), n| { let b = BoxIn::new_in([n as u64; 8], Mi); sink::<Line>(&raw const *b); at(&*b) }; |()| ();
}

cases! { PUSH, "push_zone and pop_zone", times 1000, parts 1;
    PushMemzone "memzone": Zone = Zone::new(4096); |z, _| { push_zone(z); let popped = pop_zone(); let popped = popped.unwrap(); at(&popped) }; |_| ();
    PushModel "model of Extempore": usize = extempore::create(4096) as usize; |z, _| {
        // SAFETY: made above.
        unsafe { extempore::push(*z as *mut extempore::Zone) };
        // SAFETY: just pushed.
        unsafe { extempore::pop() }.cast()
    }; |_| ();
}

const PUSHES: usize = 10_000;

macro_rules! grow {
    ($make:expr) => {{
        let mut vector = $make;
        for number in 0..hide(PUSHES) {
            vector.push(number as u32);
        }
        sink(vector.as_ptr());
        vector.as_ptr().cast()
    }};
}

cases! { VECTOR, "vector grown to 10,000 u32, a push", times 1, parts PUSHES;
    VectorMemzone "memzone, alloc_iter": Zone = Zone::new(ROOM); |z, _| {
        // No length known in advance.
        let mut left = hide(PUSHES);
        at(z.alloc_iter(std::iter::from_fn(|| { left = left.checked_sub(1)?; Some(left as u32) })))
    }; |z| z.reset().unwrap();
    VectorMemzoneVec "memzone, allocator-api2": Zone = Zone::new(ROOM); |z, _| grow!(VecIn::new_in(&*z)); |z| z.reset().unwrap();
    VectorBumpScope "bump-scope, BumpVec": BumpScope = BumpScope::with_size(ROOM); |b, _| grow!(bump_scope::BumpVec::new_in(&*b)); |b| b.reset();
    VectorStumpalo "stumpalo, allocator-api2": Arena = Arena::with_capacity(ROOM); |a, _| grow!(allocator_api2_newer::vec::Vec::new_in(&*a)); |a| a.clear();
    VectorBumpalo "bumpalo, collections::Vec": Bump = Bump::with_capacity(ROOM); |b, _| grow!(bumpalo::collections::Vec::new_in(b)); |b| b.reset();
    VectorOxc "oxc_allocator, Vec": oxc_allocator::Allocator = oxc_allocator::Allocator::with_capacity(ROOM); |a, _| grow!(oxc_allocator::Vec::new_in(&&*a)); |a| a.reset();
    VectorMultitude "multitude, Vec": multitude::Arena = multitude::Arena::new(); |a, _| grow!(a.alloc_vec_with_capacity(0)); |a| a.reset();
    VectorMalloc "malloc, Vec": () = (); |(), _| grow!(Vec::new()); |()| ();
    VectorMimalloc "mimalloc, Vec": () = (); |(), _| grow!(VecIn::new_in(Mi)); |()| ();
    VectorMemzoneZVec "memzone, ZVec": Zone = Zone::new(ROOM); |z, _| grow!(z.vec()); |z| z.reset().unwrap();
}

/// Zones pushed below a scope, so that it has this depth. They are never popped: each row has a process.
fn pushed(depth: usize) -> Vec<Zone> {
    let zones: Vec<Zone> = (1..depth).map(|_| Zone::new(64)).collect();
    zones.iter().for_each(push_zone);
    zones
}

cases! { DEPTH, "scope with one allocation, at a depth", times 1000, parts 1;
    Depth1 "memzone, depth 1": Vec<Zone> = pushed(1); |_, n| beginz!(z => { read(z.alloc(n as u64)) as usize }) as *const u8; |_| ();
    Depth1000 "memzone, depth 1000": Vec<Zone> = pushed(1000); |_, n| beginz!(z => { read(z.alloc(n as u64)) as usize }) as *const u8; |_| ();
}

fn zones(count: usize) -> Vec<Zone> {
    (0..count).map(|_| Zone::new(32 << 10)).collect()
}

cases! { ZONES, "one u64, beside other zones", times 1000, parts 1;
    Zones1 "memzone, 1 zone": Vec<Zone> = zones(1); |z, n| at(z[0].alloc(n as u64)); |z| z[0].reset().unwrap();
    Zones10000 "memzone, 10,000 zones": Vec<Zone> = zones(10_000); |z, n| at(z[0].alloc(n as u64)); |z| z[0].reset().unwrap();
}

cases! { XT_ALLOC, "Extempore: an allocation of 32 bytes", times 1000, parts 1;
    XtAllocMemzone "memzone": Zone = Zone::new(ROOM); |z, n| at(z.alloc([n as u64; 4])); |z| z.reset().unwrap();
    XtAllocModel "model of Extempore": usize = extempore::create(ROOM) as usize; |z, _| {
        // SAFETY: made above.
        unsafe { extempore::malloc(*z as *mut extempore::Zone, 32) }
    }; |z| {
        // SAFETY: made above.
        unsafe { extempore::reset(*z as *mut extempore::Zone) }
    };
}

cases! { XT_LIFE, "Extempore: create, push, 8 allocations of 32 bytes, pop, destroy", times 1000, parts 1;
    XtLifeMemzone "memzone, a scope": () = (); |(), n| beginz!(z => {
        for _ in 0..8 {
            sink(z.alloc([n as u64; 4]));
        }
        n
    }) as *const u8; |()| ();
    XtLifeModel "model of Extempore": () = (); |(), n| {
        let zone = extempore::create(4096);
        // SAFETY: just made.
        unsafe { extempore::push(zone) };
        for _ in 0..8 {
            // SAFETY: as above.
            sink(unsafe { extempore::malloc(zone, 32) });
        }
        // SAFETY: pushed above.
        let zone = unsafe { extempore::pop() };
        // SAFETY: made above.
        unsafe { extempore::destroy(zone) };
        n as *const u8
    }; |()| ();
}

cases! { AMBIENT_ONE, "one u64 without a handle", times 1000, parts 1;
    AmbientOneMemzone "memzone, ambient alloc": () = (); |(), n| { let mut b = memzone::alloc::<u64>(1); b[0] = n as u64; sink(b.as_ptr()); at(&b[..]) }; |()| ();
    AmbientOneStumpalo "stumpalo, through the thread, no owner": () = (); |(), n| STUMPALO.with_borrow(|a| at(a.alloc(n as u64))); |()| STUMPALO.with_borrow_mut(|a| a.clear());
    AmbientOneBumpScope "bump-scope, through the thread, dropped": () = (); |(), n| BUMP_SCOPE.with_borrow(|b| { let b = b.alloc(n as u64); sink(&raw const *b); at(&*b) }); |()| BUMP_SCOPE.with_borrow_mut(|b| b.reset());
    AmbientOneBumpalo "bumpalo, through the thread, dropped": () = (); |(), n| BUMPALO.with_borrow(|b| { let b = bumpalo::boxed::Box::new_in(n as u64, b); sink(&raw const *b); at(&*b) }); |()| BUMPALO.with_borrow_mut(|b| b.reset());
    AmbientOneMalloc "malloc": () = (); |(), n| read(&Box::new(n as u64)); |()| ();
    AmbientOneMimalloc "mimalloc": () = (); |(), n| read(&BoxIn::new_in(n as u64, Mi)); |()| ();
}

cases! { PEEK, "peek_zone and drop", times 1000, parts 1;
    PeekMemzone "memzone": Zone = { let zone = Zone::new(4096); push_zone(&zone); zone }; |_, _| { let zone = peek_zone(); at(&zone) }; |_| ();
    PeekModel "model of Extempore, a pointer": usize = {
        let zone = extempore::create(4096);
        // SAFETY: just made.
        unsafe { extempore::push(zone) };
        zone as usize
    }; |_, _| {
        // SAFETY: pushed above.
        unsafe { extempore::peek() }.cast()
    }; |_| ();
}

cases! { ENTER, "zone.enter around nothing", times 1000, parts 1;
    EnterMemzone "memzone": Zone = Zone::new(4096); |z, n| z.enter(|| { sink(&n); n }) as *const u8; |_| ();
    EnterModel "model of Extempore, push and pop": usize = extempore::create(4096) as usize; |z, n| {
        // SAFETY: made above.
        unsafe { extempore::push(*z as *mut extempore::Zone) };
        sink(&n);
        // SAFETY: just pushed.
        unsafe { extempore::pop() };
        n as *const u8
    }; |_| ();
}

cases! { SCOPE_BOX, "scope whose value of 64 bytes goes to the current zone", times 1000, parts 1;
    ScopeBoxMemzone "memzone, a ZBox": () = (); |(), n| { let b = letz!(line = [n as u64; 8] => { sink::<Line>(&raw const *line.as_array().expect("8")); line }); sink(b.as_ptr()); at(&b[..]) }; |()| ();
    ScopeBoxBumpScope "bump-scope, through the threads, copied by hand": () = (); |(), n| BUMP_SCOPE.with_borrow_mut(|inner| inner.scoped(|s| {
        let line = s.alloc([n as u64; 8]).into_ref();
        sink::<Line>(line);
        BUMPALO.with_borrow(|outer| { let b = bumpalo::boxed::Box::new_in(*line, outer); sink::<Line>(&raw const *b); at(&*b) as usize })
    })) as *const u8; |()| BUMPALO.with_borrow_mut(|b| b.reset());
    ScopeBoxMalloc "malloc, a Box, moved": () = (); |(), n| { let b = Box::new([n as u64; 8]); sink::<Line>(&raw const *b); at(&*b) }; |()| ();
}

cases! { EMPTY_SLICE, "slice of no elements", times 1000, parts 1;
    EmptySliceMemzone "memzone": Zone = Zone::new(ROOM); |z, n| at(z.alloc_slice(0, sample(n))); |z| z.reset().unwrap();
    EmptySliceMemzoneRun "memzone, length known when running": Zone = Zone::new(ROOM); |z, n| at(z.alloc_slice(hide(0), sample(n))); |z| z.reset().unwrap();
    EmptySliceBumpalo "bumpalo, length known when running": Bump = Bump::with_capacity(ROOM); |b, n| at(b.alloc_slice_fill_copy(hide(0), sample(n))); |b| b.reset();
    EmptySliceBumpScope "bump-scope, length known when running": BumpScope = BumpScope::with_size(ROOM); |b, n| at(b.alloc_slice_fill(hide(0), sample(n)).into_ref()); |b| b.reset();
    EmptySliceStumpalo "stumpalo, length known when running": Arena = Arena::with_capacity(ROOM); |a, n| at(a.alloc_slice_fill_copy(hide(0), sample(n))); |a| a.clear();
}

fn scale() -> ZoneFn<dyn FnMut(f32) -> f32> {
    let gain = hide(1) as f32;
    ZoneFn::new(1024, move |z| z.closure(move |sample| sample * gain))
}

fn step() -> ZoneFn<dyn FnMut(&mut f32, f32) -> f32> {
    let gain = hide(1) as f32;
    ZoneFn::new(1024, move |z| {
        z.callback(move |state: &mut f32, sample: f32| {
            *state = sample * gain;
            *state
        })
    })
}

fn first() -> ZoneFn<dyn FnMut(&mut [f32])> {
    let gain = hide(1) as f32;
    ZoneFn::new(1024, move |z| z.callback(move |block: &mut [f32]| block[0] *= gain))
}

/// What a call returned, so that it is made.
#[inline(always)]
fn heard(sample: f32) -> *const u8 {
    sample.to_bits() as usize as *const u8
}

cases! { CALL, "a call of a closure", times 1000, parts 1;
    CallZoneFn "memzone, ZoneFn of a sample": ZoneFn<dyn FnMut(f32) -> f32> = scale(); |f, n| heard(f(sample(n))); |_| ();
    CallCaller "memzone, Caller of a sample": (Caller<dyn FnMut(f32) -> f32>, Binder<dyn FnMut(f32) -> f32>) = hot(scale()); |(f, _), n| heard(f(sample(n))); |_| ();
    CallFader "memzone, Fader of a sample": (Fader<dyn FnMut(f32) -> f32>, Binder<dyn FnMut(f32) -> f32>) = { let (caller, binder) = hot(scale()); (Fader::new(caller, 64), binder) }; |(f, _), n| heard(f.call(sample(n))); |_| ();
    CallState "memzone, Caller of a state and a sample": (Caller<dyn FnMut(&mut f32, f32) -> f32>, Binder<dyn FnMut(&mut f32, f32) -> f32>, f32) = { let (caller, binder) = hot(step()); (caller, binder, 0.0) }; |(f, _, state), n| heard(f(state, sample(n))); |_| ();
    CallBlock "memzone, ZoneFn of a block": (ZoneFn<dyn FnMut(&mut [f32])>, [f32; 4]) = (first(), [1.0; 4]); |(f, block), _| { f(block); at(block) }; |_| ();
    CallCallerBlock "memzone, Caller of a block": (Caller<dyn FnMut(&mut [f32])>, Binder<dyn FnMut(&mut [f32])>, [f32; 4]) = { let (caller, binder) = hot(first()); (caller, binder, [1.0; 4]) }; |(f, _, block), _| { f(block); at(block) }; |_| ();
    CallBox "Box<dyn FnMut> of a sample": Box<dyn FnMut(f32) -> f32> = { let gain = hide(1) as f32; Box::new(move |sample| sample * gain) }; |f, n| heard(f(sample(n))); |_| ();
}

cases! { HEAP_TWO, "two heap blocks of 64 bytes, taken and freed", times 1000, parts 1;
    HeapTwoMemzone "memzone, RtHeap": RtHeap = RtHeap::new(ROOM); |h, n| {
        let (a, b): (HBox<Line, RtHeap>, HBox<Line, RtHeap>) = (halloc_in(h, [n as u64; 8]).unwrap(), halloc_in(h, [n as u64; 8]).unwrap());
        sink::<Line>(&raw const *a);
        sink::<Line>(&raw const *b);
        at(&*b)
    }; |_| ();
    HeapTwoRlsf "rlsf, bare": Bare = Bare::new(); |h, n| {
        let [a, b] = [(); 2].map(|()| h.0.allocate(Layout::new::<Line>()).unwrap());
        for start in [a, b] {
            // SAFETY: just taken for a line.
            unsafe { start.cast::<Line>().write([n as u64; 8]) };
            sink(start.as_ptr());
        }
        for start in [b, a] {
            // SAFETY: taken above, with this alignment.
            unsafe { h.0.deallocate(start, align_of::<Line>()) };
        }
        b.as_ptr()
    }; |_| ();
}

/// All rows, case by case.
pub fn all() -> impl Iterator<Item = &'static Row> {
    [
        ONE,
        SLICE,
        SLICE_RUN,
        SLICE_LONG,
        SCOPE,
        NESTED,
        RETURN,
        AMBIENT,
        TREE_COPY,
        OWNED,
        HEAP,
        PUSH,
        VECTOR,
        DEPTH,
        ZONES,
        XT_ALLOC,
        XT_LIFE,
        AMBIENT_ONE,
        PEEK,
        ENTER,
        SCOPE_BOX,
        EMPTY_SLICE,
        CALL,
        HEAP_TWO,
    ]
    .into_iter()
    .flatten()
}
