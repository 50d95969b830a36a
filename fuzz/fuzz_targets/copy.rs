//! Values of any shape, copied and moved by every way there is, against the original: `tests/deep_copy.rs`'s check,
//! graphs with shared nodes and cycles, in parcels too, and values of every type with wrong implementations among them, with full and
//! with failing targets.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use memzone::{
    DeepCopy, HBox, Keep, Parcel, Shared, ZBox, Zone, ZoneError, beginz, halloc_slice, try_zcopy,
    try_zcopy_shared, zcopy,
};
use shapes::Model;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wild::{Manner, Trouble};

#[path = "../../tests/common/shapes.rs"]
mod shapes;

#[path = "../../tests/common/wild.rs"]
mod wild;

fn model(u: &mut Unstructured<'_>, depth: usize) -> Result<Model> {
    let kind = if depth == 0 || u.is_empty() { 0 } else { u.int_in_range(0..=8)? };
    let some = |u: &mut Unstructured<'_>| -> Result<Vec<Model>> {
        let len = u.int_in_range(0..=4)?;
        (0..len).map(|_| model(u, depth - 1)).collect()
    };
    Ok(match kind {
        0 | 1 => Model::Number(u.arbitrary()?),
        2 => Model::Text(u.arbitrary()?),
        3 | 4 => Model::Many(some(u)?),
        5 => Model::Few(some(u)?.into()),
        6 => Model::One(Box::new(model(u, depth - 1)?)),
        7 => Model::Zoned(ZBox::new(model(u, depth - 1)?)),
        _ => Model::Pair(ZBox::new((model(u, depth - 1)?, [model(u, depth - 1)?]))),
    })
}

/// What a node holds that needs no drop, so that the node can lie in a zone.
#[derive(DeepCopy)]
struct Node<'z> {
    number: u64,
    /// Any nodes, itself too.
    edges: Cell<[Option<&'z Node<'z>>; 2]>,
    slice: &'z mut [u16],
    name: &'z str,
    tuple: (i8, Option<f32>, std::result::Result<u32, char>),
    kept: Keep<&'static str>,
    range: std::ops::Range<u64>,
    cell: RefCell<&'z mut [&'z str]>,
}

/// The same with what is on the heap, for the graph to hang on.
#[derive(DeepCopy)]
struct Root<'z> {
    first: Option<&'z Node<'z>>,
    owned: Vec<(u8, String, Option<&'z Node<'z>>)>,
    boxed: HBox<[u8]>,
    zoned: ZBox<Box<str>>,
    shared: Rc<u64>,
    nested: Box<[RefCell<Vec<u16>>]>,
}

#[derive(Clone, Debug)]
struct Plan {
    number: u64,
    edges: [Option<usize>; 2],
    len: usize,
    name: String,
}

#[derive(Debug)]
struct Input {
    model: Model,
    nodes: Vec<Plan>,
    /// Whether edges may lead backward, and so to cycles.
    cyclic: bool,
    /// A chain of so many nodes in front of the graph.
    chain: usize,
    /// Bytes of a zone that the copy may not fit into.
    room: usize,
    /// What a value of any types is made of, how deep it lies, and what goes wrong with it.
    wild: Vec<u8>,
    depth: usize,
    manner: Manner,
    after: usize,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Input> {
        let (cyclic, room) = (u.ratio(1, 4)?, u.int_in_range(0..=3000)?);
        // Past what is copied on the stack, now and then.
        let chain = if u.ratio(1, 32)? { u.int_in_range(0..=800)? } else { 0 };
        let count = u.int_in_range(0..=8)?;
        let mut nodes = Vec::new();
        for at in 0..count {
            let mut edge = || -> Result<Option<usize>> {
                let to = usize::from(u.arbitrary::<u8>()?);
                Ok(match cyclic {
                    true => Some(to % (count + 1)).filter(|to| *to < count),
                    // Forward only. Each edge to a shared node copies it again: short paths only.
                    false => Some(at + 1 + to % (count - at)).filter(|to| *to < count),
                })
            };
            let edges = [edge()?, edge()?];
            let (number, len, name) = (u.arbitrary()?, u.int_in_range(0..=40)?, u.arbitrary()?);
            nodes.push(Plan { number, edges, len, name });
        }
        let depth = if u.ratio(1, 8)? { u.int_in_range(0..=120)? } else { 0 };
        let manner = *u.choose(&[Manner::Tame, Manner::Err, Manner::Throw, Manner::Lie])?;
        let after = u.int_in_range(0..=5)?;
        let wild = u.arbitrary()?;
        let model = model(u, 7)?;
        Ok(Input { model, nodes, cyclic, chain, room, wild, depth, manner, after })
    }
}

/// Nodes without edges, then with them.
fn grow<'z>(input: &Input, z: &'z Zone) -> Option<&'z Node<'z>> {
    let bare = |plan: &Plan| -> &'z Node<'z> {
        let n = plan.number;
        let name: &str = z.alloc_str(&plan.name);
        z.alloc(Node {
            number: n,
            edges: Cell::new([None; 2]),
            slice: z.alloc_slice_with(plan.len, |at| n as u16 ^ at as u16),
            name,
            tuple: (
                n as i8,
                Some(n as f32),
                if n.is_multiple_of(2) { Ok(n as u32) } else { Err('ü') },
            ),
            kept: Keep("for ever"),
            range: n / 2..n,
            cell: RefCell::new(z.alloc_slice_with(plan.len % 3, |_| name)),
        })
    };
    let nodes: Vec<_> = input.nodes.iter().map(bare).collect();
    for (node, plan) in nodes.iter().zip(&input.nodes) {
        node.edges.set(plan.edges.map(|edge| edge.map(|to| nodes[to])));
    }
    let mut first = nodes.first().copied();
    for n in 0..input.chain {
        let plan = Plan { number: n as u64, edges: [None; 2], len: 0, name: String::new() };
        let node = bare(&plan);
        node.edges.set([first, None]);
        first = Some(node);
    }
    first
}

fn root<'z>(input: &Input, z: &'z Zone) -> Root<'z> {
    let first = grow(input, z);
    let plans = || input.nodes.iter();
    Root {
        first,
        owned: plans().map(|plan| (plan.len as u8, plan.name.clone(), None)).collect(),
        boxed: halloc_slice(input.nodes.len(), input.room as u8),
        zoned: z.boxed(format!("{}", input.room).into()),
        shared: Rc::new(input.room as u64),
        nested: plans().map(|plan| RefCell::new(vec![plan.len as u16; plan.len])).collect(),
    }
}

/// Compares node by node, along all edges, without recursion. What `b` leads to must lie in the zone, if one is given.
fn same<'a, 'b>(a: Option<&'a Node<'a>>, b: Option<&'b Node<'b>>, inside: Option<&Zone>) {
    let mut todo = vec![(a, b)];
    // Each pair once: shared nodes have many paths to them in the source.
    let mut seen = BTreeMap::new();
    while let Some((a, b)) = todo.pop() {
        let (Some(a), Some(b)) = (a, b) else {
            assert!(a.is_none() && b.is_none());
            continue;
        };
        if seen.insert(((&raw const *a).addr(), (&raw const *b).addr()), ()).is_some() {
            continue;
        }
        assert_eq!((a.number, a.name, a.tuple), (b.number, b.name, b.tuple));
        assert_eq!(*a.slice, *b.slice);
        assert_eq!((a.kept, &a.range), (b.kept, &b.range));
        assert_eq!(**a.cell.borrow(), **b.cell.borrow());
        if let Some(zone) = inside {
            assert!(zone.contains(b) && !zone.contains(a));
            assert!(b.slice.is_empty() || zone.contains(&raw const *b.slice));
            assert!(b.name.is_empty() || zone.contains(b.name));
            assert!(b.cell.borrow().iter().all(|text| text.is_empty() || zone.contains(*text)));
        }
        todo.extend(a.edges.get().into_iter().zip(b.edges.get()));
    }
}

/// Whether following edges from the first node comes back to a node.
fn has_cycle(nodes: &[Plan], at: usize, path: &mut Vec<usize>) -> bool {
    if path.contains(&at) {
        return true;
    }
    path.push(at);
    let found = nodes[at].edges.iter().flatten().any(|&to| has_cycle(nodes, to, path));
    path.pop();
    found
}

fn same_roots<'a, 'b>(a: &Root<'a>, b: &Root<'b>, zone: &Zone) {
    same(a.first, b.first, Some(zone));
    let owned = |root: &Root<'_>| -> Vec<_> {
        root.owned.iter().map(|(n, text, _)| (*n, text.clone())).collect()
    };
    assert_eq!(owned(a), owned(b));
    assert_eq!((&*a.boxed, &a.nested, &**a.zoned), (&*b.boxed, &b.nested, &**b.zoned));
    assert!(zone.contains(&*b.zoned));
}

/// Whether two graphs are of one shape: to each node of one belongs one of the other, and edges lead alike.
fn isomorphic<'a, 'b>(a: Option<&'a Node<'a>>, b: Option<&'b Node<'b>>, inside: &Zone) {
    same(a, b, Some(inside));
    let (mut there, mut back, mut todo) = (BTreeMap::new(), BTreeMap::new(), vec![(a, b)]);
    while let Some((Some(a), Some(b))) = todo.pop() {
        let (from, to) = ((&raw const *a).addr(), (&raw const *b).addr());
        let is_new = !there.contains_key(&from);
        assert_eq!(*there.entry(from).or_insert(to), to);
        assert_eq!(*back.entry(to).or_insert(from), from);
        if is_new {
            let edges = a.edges.get().into_iter().zip(b.edges.get());
            todo.extend(edges.filter(|(a, _)| a.is_some()));
        }
    }
}

/// Copies that keep what is shared, circles too.
fn shared(input: &Input) {
    let (source, target) = (Zone::new(0), Zone::new(0));
    let first = grow(input, &source);
    let fixed = Zone::builder().capacity(input.room).fixed().build();
    match try_zcopy_shared(&first, &fixed) {
        Ok(copy) => isomorphic(first, *copy, &fixed),
        Err(error) => assert!(matches!(error, ZoneError::LimitReached { .. }), "{error:?}"),
    }
    let copy = {
        let mut scratch = Zone::new(0);
        let copy = *memzone::zcopy_shared(&grow(input, &scratch), &target);
        assert_eq!(scratch.reset(), Ok(()));
        shapes::fill(&scratch);
        copy
    };
    isomorphic(first, copy, &target);
    let moved = beginz!(z in &target => { Shared(grow(input, z)) });
    shapes::overwrite_spares();
    isomorphic(first, moved, &target);
    isomorphic(first, copy, &target);
}

/// What lies in a parcel, compacted to a zone that may be too small and to one that grows: it is as it was.
fn compacted(input: &Input) {
    let source = Zone::new(0);
    let first = grow(input, &source);
    let mut parcel = Parcel::<Option<&'static Node<'static>>>::new(0, |z| grow(input, z));
    let fixed = Zone::builder().capacity(input.room).fixed().build();
    for mut spare in [fixed, Zone::new(0)] {
        match parcel.compact(&mut spare) {
            Ok(()) => {
                assert_eq!(spare.used(), 0);
                shapes::fill(&spare);
            }
            Err(error) => assert!(matches!(error, ZoneError::LimitReached { .. }), "{error:?}"),
        }
        parcel.edit(|copy, zone| isomorphic(first, *copy, zone));
    }
}

fn graphs(input: &Input) {
    let (mut source, other, target) = (Zone::new(0), Zone::new(0), Zone::new(0));
    let cyclic = !input.nodes.is_empty() && has_cycle(&input.nodes, 0, &mut Vec::new());
    assert!(input.cyclic || !cyclic);
    if cyclic {
        let first = grow(input, &source);
        assert_eq!(try_zcopy(&first, &target).err(), Some(ZoneError::Cycle));
        let result = memzone::try_beginz!(z in &target => { grow(input, z) });
        assert_eq!(result.err(), Some(ZoneError::Cycle));
        return;
    }
    let reference = root(input, &other);
    let copy = {
        let original = root(input, &source);
        let copy = zcopy(&original, &target);
        assert!(Rc::ptr_eq(&copy.shared, &original.shared));
        copy
    };
    assert_eq!(source.reset(), Ok(()));
    shapes::fill(&source);
    drop(source);
    same_roots(&reference, &copy, &target);

    let moved = beginz!(z in &target => { beginz!(y in z => { root(input, y) }) });
    shapes::overwrite_spares();
    same_roots(&reference, &moved, &target);
    // Independent of one another: what is written to one is not seen in the other.
    drop(moved);
    same_roots(&reference, &copy, &target);

    // A target that may be too small: an error, or all of it.
    let fixed = Zone::builder().capacity(input.room).fixed().build();
    match try_zcopy(&reference.first, &fixed) {
        Ok(copy) => same(reference.first, copy, Some(&fixed)),
        Err(error) => assert!(matches!(error, ZoneError::LimitReached { .. }), "{error:?}"),
    }
    same_roots(&reference, &copy, &target);
}

fuzz_target!(|input: Input| {
    shapes::check(&input.model);
    let trouble = Trouble { manner: input.manner, after: input.after, room: input.room };
    wild::check(&input.wild, input.depth, trouble);
    graphs(&input);
    shared(&input);
    compacted(&input);
});
