//! Copies a structure so many times: `copies CASE TIMES`. `count` counts the instructions.

use memzone::{DeepCopy, Zone, beginz, zcopy, zcopy_shared};
use std::hint::black_box;
use std::process::exit;

/// Nodes in each structure, but for the small ones.
const NODES: usize = 65_535;

#[derive(DeepCopy)]
struct Tree<'z> {
    value: u64,
    left: Option<&'z Tree<'z>>,
    right: Option<&'z Tree<'z>>,
}

#[derive(DeepCopy, Clone, Copy)]
struct List<'z> {
    value: u64,
    more: u64,
    next: Option<&'z List<'z>>,
}

#[derive(DeepCopy, Clone, Copy)]
struct Short<'z> {
    value: u64,
    next: Option<&'z Short<'z>>,
}

#[derive(DeepCopy)]
struct Folder<'z> {
    value: u64,
    items: &'z [Folder<'z>],
}

#[derive(DeepCopy)]
enum Term<'z> {
    Number(f64),
    Neg(&'z Term<'z>),
    Sum(&'z Term<'z>, &'z Term<'z>),
    Product { left: &'z Term<'z>, right: &'z Term<'z> },
}

fn tree<'z>(zone: &'z Zone, levels: u32) -> Option<&'z Tree<'z>> {
    if levels == 0 {
        return None;
    }
    let (left, right) = (tree(zone, levels - 1), tree(zone, levels - 1));
    Some(zone.alloc(Tree { value: levels.into(), left, right }))
}

fn folder<'z>(zone: &'z Zone, levels: u32) -> Folder<'z> {
    let items = match levels {
        1 => zone.alloc_iter([]),
        _ => zone.alloc_iter((0..4).map(|_| folder(zone, levels - 1))),
    };
    Folder { value: levels.into(), items }
}

/// Of 4 nodes a level more: a sum of a product of two, and the negative of one.
fn term<'z>(zone: &'z Zone, levels: u32) -> &'z Term<'z> {
    if levels == 0 {
        return zone.alloc(Term::Number(1.5));
    }
    let (left, right) = (term(zone, levels - 1), term(zone, levels - 1));
    let product = zone.alloc(match levels % 2 {
        0 => Term::Product { left, right },
        _ => Term::Sum(left, right),
    });
    zone.alloc(Term::Neg(product))
}

/// Each node has two references to the next one.
#[inline(never)]
fn graph<'z>(zone: &'z Zone, nodes: usize) -> &'z Tree<'z> {
    let last = leaf(zone);
    (1..nodes as u64)
        .fold(last, |next, value| zone.alloc(Tree { value, left: Some(next), right: Some(next) }))
}

fn leaf<'z>(zone: &'z Zone) -> &'z Tree<'z> {
    zone.alloc(Tree { value: 1, left: None, right: None })
}

macro_rules! cases {
    ($($name:literal, $nodes:expr, |$from:ident| $make:expr, |$value:ident, $to:ident| $copy:expr;)*) => {
        fn run(case: &str, times: usize) {
            let Zones { from, mut to } = Zones::new();
            match case {
                $($name => {
                    let $from = &from;
                    let $value = $make;
                    for _ in 0..times {
                        {
                            let $to = &to;
                            black_box($copy);
                        }
                        to.reset().expect("nothing is borrowed");
                    }
                })*
                _ => {
                    eprintln!("copies: no case `{case}`; there are: {}", CASES.map(|case| case.0).join(" "));
                    exit(2);
                }
            }
        }
        const CASES: [(&str, usize); [$($name),*].len()] = [$(($name, $nodes)),*];
    };
}

struct Zones {
    from: Zone,
    to: Zone,
}

impl Zones {
    fn new() -> Zones {
        Zones { from: Zone::new(16 << 20), to: Zone::new(64 << 20) }
    }
}

#[inline(never)]
fn list(zone: &Zone, nodes: usize) -> Option<&List<'_>> {
    (0..nodes as u64).fold(None, |next, value| Some(&*zone.alloc(List { value, more: 1, next })))
}

#[inline(never)]
fn short(zone: &Zone, nodes: usize) -> Option<&Short<'_>> {
    (0..nodes as u64).fold(None, |next, value| Some(&*zone.alloc(Short { value, next })))
}

cases! {
    "tree", NODES, |z| tree(z, 16).unwrap(), |value, to| zcopy(&value, to);
    "list", NODES, |z| list(z, NODES), |value, to| zcopy(&value, to);
    "short-list", NODES, |z| short(z, NODES), |value, to| zcopy(&value, to);
    "slices", 21_845, |z| folder(z, 8), |value, to| zcopy(&value, to);
    "terms", 2_048 + 2 * 2_047, |z| term(z, 11), |value, to| zcopy(&value, to);
    "shared-graph", NODES, |z| (graph(z, NODES), 0), |value, to| zcopy_shared(value.0, to);
    "shared-tree", NODES, |z| (tree(z, 16).unwrap(), 0), |value, to| zcopy_shared(value.0, to);
    "small-by-reference", 1, |z| (z.alloc(Tree { value: 0, left: Some(leaf(z)), right: Some(leaf(z)) }), 0),
        |value, to| zcopy(&&*value.0, to);
    "small-by-value", 1, |z| Tree { value: 0, left: Some(leaf(z)), right: Some(leaf(z)) },
        |value, to| zcopy(&value, to);
    "small-leaves", 1, |z| (leaf(z), leaf(z)), |value, to| {
        let (left, right) = value;
        let copy: Tree<'_> = beginz!(_z in to => Tree { value: 0, left: Some(left), right: Some(right) });
        copy
    };
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["cases"] => CASES.iter().for_each(|case| println!("{}", case.0)),
        ["nodes", name] => match CASES.iter().find(|case| case.0 == name) {
            Some(case) => println!("{}", case.1),
            None => run(name, 0),
        },
        [case, times] if times.parse::<usize>().is_ok() => run(case, times.parse().unwrap_or(0)),
        _ => {
            eprintln!("copies: usage: copies CASE TIMES | copies cases | copies nodes CASE");
            exit(2);
        }
    }
}
