//! The bytes that values take in an arena, where they lie one after another.

use memzone::Zone;

const NUMBERS: usize = 1_000_000;
const NODES: usize = 65_535;

/// Room for the largest of the three, however it is packed.
const ROOM: usize = 64 << 20;

type Node = [u64; 3];

/// Bytes from the first value to the end of the last, for each value. Arenas go up or down.
fn each<T>(count: usize, mut place: impl FnMut(usize) -> *const T, len: usize) -> f64 {
    let addresses: Vec<usize> = (0..count).map(|n| place(n).addr()).collect();
    let (first, last) = (addresses.iter().min(), addresses.iter().max());
    let (Some(first), Some(last)) = (first, last) else { return 0.0 };
    (last + size_of::<T>() * len - first) as f64 / count as f64
}

macro_rules! candidate {
    ($name:literal, $arena:expr, |$a:ident, $n:ident| $number:expr, $node:expr, $slice:expr) => {{
        let $a = $arena;
        let numbers = each::<u64>(NUMBERS, |$n| $number, 1);
        let $a = $arena;
        let nodes = each::<Node>(NODES, |$n| $node, 1);
        let $a = $arena;
        let slices = each::<f32>(NUMBERS, |$n| $slice, 3);
        ($name, [numbers, nodes, slices])
    }};
}

/// Each candidate's bytes for a `u64`, a node and a slice.
pub fn all() -> Vec<(&'static str, [f64; 3])> {
    vec![
        candidate!(
            "memzone",
            Zone::new(ROOM),
            |z, n| &raw const *z.alloc(n as u64),
            &raw const *z.alloc([n as u64; 3]),
            z.alloc_slice(3, n as f32).as_ptr()
        ),
        candidate!(
            "bumpalo",
            bumpalo::Bump::with_capacity(ROOM),
            |b, n| &raw const *b.alloc(n as u64),
            &raw const *b.alloc([n as u64; 3]),
            b.alloc_slice_fill_copy(3, n as f32).as_ptr()
        ),
        candidate!(
            "bump-scope",
            bump_scope::Bump::<bump_scope::alloc::Global>::with_size(ROOM),
            |b, n| &raw const *b.alloc(n as u64).into_ref(),
            &raw const *b.alloc([n as u64; 3]).into_ref(),
            b.alloc_slice_fill(3, n as f32).into_ref().as_ptr()
        ),
        candidate!(
            "stumpalo",
            stumpalo::Arena::with_capacity(ROOM),
            |a, n| &raw const *a.alloc(n as u64),
            &raw const *a.alloc([n as u64; 3]),
            a.alloc_slice_fill_copy(3, n as f32).as_ptr()
        ),
        candidate!(
            "oxc_allocator",
            oxc_allocator::Allocator::with_capacity(ROOM),
            |a, n| &raw const *a.alloc(n as u64),
            &raw const *a.alloc([n as u64; 3]),
            &raw const a.alloc([n as f32; 3])[0]
        ),
    ]
}
