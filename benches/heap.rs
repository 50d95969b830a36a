//! What one allocation and one free cost on heaps that are 10 %, 50 % and 90 % full: median, 99.99 % and
//! worst, in cycles, for `RtHeap`, a bare `rlsf` of the same shape, and the system's allocator.
//!
//! ```text
//! cargo bench --bench heap              # ten million operations for each row
//! cargo bench --bench heap -- --test    # a few, to see that it runs
//! ```
//!
//! Each row is a sequence of frees and allocations of random sizes (16 to 4096 bytes, as many of each
//! power of two) at a steady fill. The machine interrupts now and then, which is not the heap's doing. So
//! the same sequence runs ten times, and an operation's cost is the least of its ten; the worst of all
//! single runs is shown beside, with whatever the machine did. What reading the clock costs is taken off.
//!
//! The clock ticks coarsely beside an operation of some ten cycles. So another table gives the mean cost of a
//! free and an allocation, with the clock read only at the start and the end of a sequence.

#[path = "common/cycles.rs"]
mod cycles;

use cycles::cycles;
use memzone::{HBox, RtHeap};
use std::alloc::Layout;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::time::Instant;

const HEAP: usize = 16 << 20;
const SIZES: [usize; 9] = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/// What is measured: a source of blocks.
trait Blocks {
    type Block;
    fn take(&mut self, size: usize) -> Option<Self::Block>;
    fn free(&mut self, block: Self::Block);
}

struct Ours(RtHeap);

impl Blocks for Ours {
    type Block = HBox<[MaybeUninit<u8>], RtHeap>;
    #[inline(never)]
    fn take(&mut self, size: usize) -> Option<Self::Block> {
        HBox::<[u8], _>::try_uninit_slice_in(&self.0, size).ok()
    }
    #[inline(never)]
    fn free(&mut self, block: Self::Block) {
        drop(block);
    }
}

/// `rlsf` with the parameters that `RtHeap` uses.
struct Bare(rlsf::Tlsf<'static, u32, u32, 28, 32>);

impl Bare {
    /// On memory that was touched before and that no other `Bare` uses any more.
    fn new(memory: NonNull<[u8]>) -> Bare {
        let mut tlsf = rlsf::Tlsf::new();
        // SAFETY: the memory is never freed, and this allocator's alone.
        unsafe { tlsf.insert_free_block_ptr(memory) };
        Bare(tlsf)
    }
}

impl Blocks for Bare {
    type Block = NonNull<[u8]>;
    #[inline(never)]
    fn take(&mut self, size: usize) -> Option<Self::Block> {
        let start = self.0.allocate(Layout::from_size_align(size, 1).ok()?)?;
        Some(NonNull::slice_from_raw_parts(start, size))
    }
    #[inline(never)]
    fn free(&mut self, block: Self::Block) {
        // SAFETY: taken from this one with this alignment.
        unsafe { self.0.deallocate(block.cast(), 1) };
    }
}

struct Malloc;

impl Blocks for Malloc {
    type Block = Box<[MaybeUninit<u8>]>;
    #[inline(never)]
    fn take(&mut self, size: usize) -> Option<Self::Block> {
        Some(Box::new_uninit_slice(size))
    }
    #[inline(never)]
    fn free(&mut self, block: Self::Block) {
        drop(block);
    }
}

/// A cheap source of the same numbers every time (xorshift64, Marsaglia 2003).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % limit
    }

    fn size(&mut self) -> usize {
        let size = SIZES[self.below(SIZES.len() - 1)];
        size + self.below(size)
    }
}

/// What one kind of operation cost: for each the least of its runs, and the worst of all.
struct Costs {
    least: Vec<u32>,
    worst_seen: u32,
}

impl Costs {
    fn new(operations: usize) -> Costs {
        Costs { least: vec![u32::MAX; operations], worst_seen: 0 }
    }

    fn note(&mut self, operation: usize, cycles: u64) {
        let cycles = u32::try_from(cycles).unwrap_or(u32::MAX);
        self.least[operation] = self.least[operation].min(cycles);
        self.worst_seen = self.worst_seen.max(cycles);
    }

    fn row(mut self, clock: u32) -> [u32; 4] {
        self.least.sort_unstable();
        let at = |part: f64| self.least[((self.least.len() - 1) as f64 * part) as usize];
        [at(0.5), at(0.9999), at(1.0), self.worst_seen].map(|cost| cost.saturating_sub(clock))
    }
}

/// Fills a fresh heap to so many percent of `HEAP`.
fn fill<B: Blocks>(heap: &mut B, percent: usize, numbers: &mut Numbers) -> Vec<B::Block> {
    let mut live = Vec::new();
    let mut bytes = 0;
    while bytes * 100 < HEAP * percent {
        let size = numbers.size();
        // With its header, rounded, as the heaps hold it.
        bytes += (size + 16).next_multiple_of(32);
        match heap.take(size) {
            Some(block) => live.push(block),
            None => break,
        }
    }
    live
}

/// Runs one sequence on a fresh heap, timing each operation.
fn run<B: Blocks>(mut heap: B, percent: usize, allocs: &mut Costs, frees: &mut Costs) {
    let mut numbers = Numbers(SEED);
    let mut live = fill(&mut heap, percent, &mut numbers);
    for operation in 0..allocs.least.len() {
        // Where the heap was too full for one block, there is one less.
        let victim = live.swap_remove(numbers.below(live.len()));
        let size = numbers.size();
        let start = cycles();
        heap.free(black_box(victim));
        let freed = cycles();
        let block = black_box(heap.take(black_box(size)));
        let taken = cycles();
        frees.note(operation, freed - start);
        allocs.note(operation, taken - freed);
        live.extend(block);
    }
    for block in live {
        heap.free(block);
    }
}

/// Runs the same sequence without a clock in it, and says how many nanoseconds a pair took.
fn pairs<B: Blocks>(mut heap: B, percent: usize, operations: usize) -> f64 {
    let mut numbers = Numbers(SEED);
    let mut live = fill(&mut heap, percent, &mut numbers);
    let start = Instant::now();
    for _ in 0..operations {
        let victim = numbers.below(live.len());
        let size = numbers.size();
        heap.free(black_box(live.swap_remove(victim)));
        live.extend(black_box(heap.take(black_box(size))));
    }
    let took = start.elapsed().as_nanos() as f64 / operations as f64;
    for block in live {
        heap.free(block);
    }
    took
}

const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--test");
    let (operations, runs) = if quick { (1000, 2) } else { (1_000_000, 10) };
    // What two readings of the clock see when nothing is between them.
    let mut clock: Vec<u64> = (0..10_001)
        .map(|_| {
            let start = cycles();
            cycles() - start
        })
        .collect();
    clock.sort_unstable();
    let clock = clock[5000] as u32;
    let memory = NonNull::from(Box::leak(vec![0_u8; HEAP].into_boxed_slice()));

    print_each(operations, runs, clock, memory);
    print_pairs(operations, runs, memory);
}

/// The costs of single operations.
fn print_each(operations: usize, runs: usize, clock: u32, memory: NonNull<[u8]>) {
    println!(
        "{operations} operations, {runs} runs each; the clock takes {clock} cycles, taken off\n"
    );
    println!(
        "| full | heap | operation | median | 99.99 % | worst | worst / median | worst seen |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for percent in [10, 50, 90] {
        let mut all = [const { None }; 3]
            .map(|_: Option<()>| (Costs::new(operations), Costs::new(operations)));
        // In turn, so that all see the same machine.
        for _ in 0..runs {
            let [ours, bare, malloc] = &mut all;
            run(Ours(RtHeap::new(HEAP)), percent, &mut ours.0, &mut ours.1);
            run(Bare::new(memory), percent, &mut bare.0, &mut bare.1);
            run(Malloc, percent, &mut malloc.0, &mut malloc.1);
        }
        for (name, (allocs, frees)) in ["RtHeap", "bare rlsf", "system"].into_iter().zip(all) {
            for (operation, costs) in [("alloc", allocs), ("free", frees)] {
                let [median, most, worst, seen] = costs.row(clock);
                let ratio = f64::from(worst) / f64::from(median.max(1));
                println!(
                    "| {percent} % | {name} | {operation} | {median} | {most} | {worst} | {ratio:.1} | {seen} |"
                );
            }
        }
    }
}

/// The mean of a free and an allocation.
fn print_pairs(operations: usize, runs: usize, memory: NonNull<[u8]>) {
    println!(
        "\nA free and an allocation, mean of {operations}, the median of {runs} runs in turn:\n"
    );
    println!("| full | RtHeap | bare rlsf | system | RtHeap / bare rlsf |");
    println!("|---|---|---|---|---|");
    for percent in [10, 50, 90] {
        let mut took = [const { Vec::new() }; 3];
        for _ in 0..runs {
            took[0].push(pairs(Ours(RtHeap::new(HEAP)), percent, operations));
            took[1].push(pairs(Bare::new(memory), percent, operations));
            took[2].push(pairs(Malloc, percent, operations));
        }
        let [ours, bare, malloc] = took.map(|mut took| {
            took.sort_unstable_by(f64::total_cmp);
            took[took.len() / 2]
        });
        let ratio = ours / bare;
        println!("| {percent} % | {ours:.1} ns | {bare:.1} ns | {malloc:.1} ns | {ratio:.2} |");
    }
}
