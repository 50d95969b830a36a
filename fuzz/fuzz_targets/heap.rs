//! A real-time heap against the shadow of `tests/heap.rs`; boxes die here, on another thread, and after their heap.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use memzone::{HBox, RtHeap, halloc_in};
use shadow::{Shadow, Step, range};

#[path = "../../tests/common/shadow.rs"]
mod shadow;

#[repr(align(64))]
struct Line([u8; 64]);

#[repr(align(1024))]
struct Page([u8; 1024]);

enum Aligned {
    Line(HBox<Line, RtHeap>),
    Page(HBox<Page, RtHeap>),
}

#[derive(Debug)]
enum Op {
    Shadow(Step),
    /// A value of a large alignment.
    Line(u8),
    Page(u8),
    DropAligned(usize),
    /// What was taken last is put where another thread frees it, as soon as there are enough.
    Away(usize),
    /// They die there now.
    Elsewhere,
    Drain(usize),
    /// The heap crosses to another thread and comes back.
    Cross,
    Check,
}

#[derive(Debug)]
struct Input {
    bytes: usize,
    heap_first: bool,
    ops: Vec<Op>,
}

fn op(u: &mut Unstructured<'_>) -> Result<Op> {
    let index = |u: &mut Unstructured<'_>| Ok(usize::from(u.arbitrary::<u8>()?));
    Ok(match u.int_in_range(0..=23)? {
        0..=4 => Op::Shadow(Step::Take(u.int_in_range(0..=64)?, u.arbitrary()?)),
        5..=7 => Op::Shadow(Step::Take(u.int_in_range(0..=600)?, u.arbitrary()?)),
        8 => Op::Shadow(Step::Take(u.int_in_range(0..=20_000)?, u.arbitrary()?)),
        9..=13 => Op::Shadow(Step::Free(index(u)?)),
        14 => Op::Shadow(Step::Write(index(u)?, u.arbitrary()?)),
        15 => Op::Line(u.arbitrary()?),
        16 => Op::Page(u.arbitrary()?),
        17 | 18 => Op::DropAligned(index(u)?),
        19 => Op::Away(index(u)?),
        20 => Op::Elsewhere,
        21 => Op::Drain(index(u)?),
        22 => Op::Check,
        // A thread for each is slow.
        _ if u.ratio(1, 8)? => Op::Cross,
        _ => Op::Check,
    })
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Input> {
        let (bytes, heap_first) = (u.int_in_range(0..=64 << 10)?, u.arbitrary()?);
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 300 {
            ops.push(op(u)?);
        }
        Ok(Input { bytes, heap_first, ops })
    }
}

/// What an aligned value holds, and where.
fn look(value: &Aligned) -> (&[u8], std::ops::Range<usize>, usize) {
    match value {
        Aligned::Line(value) => (&value.0, range(value), 64),
        Aligned::Page(value) => (&value.0, range(value), 1024),
    }
}

fuzz_target!(|input: Input| {
    let mut heap = RtHeap::new(input.bytes);
    let mut shadow = Shadow::new();
    let mut aligned: Vec<(Aligned, u8)> = Vec::new();
    let mut away: Vec<(HBox<[u8], RtHeap>, u8)> = Vec::new();
    // Threads are slow to make.
    let mut threads = 0;
    for op in input.ops {
        match op {
            Op::Shadow(step) => {
                let (live, failed) = (shadow.live.len(), heap.failed());
                let (took, used) = (matches!(step, Step::Take(..)), heap.stats().used);
                shadow.step(&heap, &step);
                if took && shadow.live.len() == live {
                    assert_eq!((heap.failed(), heap.stats().waiting), (failed + 1, 0));
                    assert!(heap.stats().used <= used, "a refusal takes nothing");
                }
            }
            Op::Line(fill) => {
                if let Ok(value) = halloc_in(&heap, Line([fill; 64])) {
                    aligned.push((Aligned::Line(value), fill));
                }
            }
            Op::Page(fill) => {
                if let Ok(value) = halloc_in(&heap, Page([fill; 1024])) {
                    aligned.push((Aligned::Page(value), fill));
                }
            }
            Op::DropAligned(index) if !aligned.is_empty() => {
                let (value, fill) = aligned.swap_remove(index % aligned.len());
                assert!(look(&value).0.iter().all(|byte| *byte == fill));
            }
            Op::Away(index) if !shadow.live.is_empty() => {
                let index = index % shadow.live.len();
                away.push(shadow.live.swap_remove(index));
            }
            Op::Elsewhere if !away.is_empty() && threads < 4 => {
                threads += 1;
                let boxes = std::mem::take(&mut away);
                std::thread::scope(|scope| {
                    let thread = scope.spawn(move || {
                        for (value, fill) in boxes {
                            assert!(value.iter().all(|byte| *byte == fill));
                        }
                    });
                    // Meanwhile here.
                    shadow.step(&heap, &Step::Take(40, 1));
                    shadow.step(&heap, &Step::Free(3));
                    // A scope does not wait for the end of its threads, and what they free there would seem leaked.
                    thread.join().unwrap();
                });
            }
            Op::Drain(most) => {
                let waiting = heap.stats().waiting;
                assert_eq!(heap.drain(most), waiting.min(most));
            }
            Op::Cross if threads < 4 => {
                threads += 1;
                let sendable = heap.into_sendable();
                // One that dies while the heap is nobody's.
                shadow.live.pop();
                let crossed = std::thread::spawn(move || {
                    let heap = sendable.into_heap();
                    heap.check();
                    drop(halloc_in(&heap, 7_u64));
                    heap.into_sendable()
                });
                heap = crossed.join().unwrap().into_heap();
            }
            Op::Check => heap.check(),
            Op::DropAligned(_) | Op::Away(_) | Op::Elsewhere | Op::Cross => {}
        }
        let mut ranges: Vec<_> = aligned
            .iter()
            .map(|(value, fill)| {
                let (bytes, range, align) = look(value);
                assert!(bytes.iter().all(|byte| byte == fill) && range.start % align == 0);
                range
            })
            .chain(shadow.live.iter().chain(&away).map(|(value, _)| range(value)))
            .filter(|range| !range.is_empty())
            .collect();
        ranges.sort_by_key(|range| range.start);
        assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start), "an overlap");
        let bytes: usize = ranges.iter().map(|range| range.len()).sum();
        let stats = heap.stats();
        // What another thread has dropped counts until it is taken back.
        assert!(stats.used >= bytes && stats.live == ranges.len() + stats.waiting);
        assert!(stats.waiting > 0 || stats.used == bytes);
        shadow.check_contents();
    }
    if input.heap_first {
        drop(heap);
        shadow.check_contents();
        return;
    }
    drop((shadow, aligned, away));
    heap.drain(usize::MAX);
    heap.check();
    let stats = heap.stats();
    assert_eq!((stats.used, stats.live, stats.free), (0, 0, stats.capacity), "nothing is lost");
});
