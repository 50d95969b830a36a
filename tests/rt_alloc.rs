//! `RtAlloc` as the global allocator of this program. Each test prepares a thread of its own.

use memzone::RtAlloc;
use memzone::rt::{self, Plan, Policy, Prepared, Request, Section};
use memzone::stats;
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{RwLock, RwLockReadGuard};
use std::thread;

#[global_allocator]
static MEMORY: RtAlloc<Below> = RtAlloc::new(Below);

/// The system's allocator, which counts what each thread asks it for.
struct Below;

thread_local! {
    static CALLS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// In front of each block is what it was asked for with: its size and its alignment.
type Note = [usize; 2];

/// What the system is asked for, and where the block begins in that. Each block has room for what it holds while it is
/// put aside.
fn with_note(layout: Layout) -> (Layout, usize) {
    CALLS.set(CALLS.get() + 1);
    match Layout::new::<Note>().extend(layout) {
        Ok(whole) if layout.size() >= 2 * size_of::<usize>() => whole,
        // A panic would take memory.
        _ => std::process::abort(),
    }
}

fn note(layout: Layout) -> Note {
    [layout.size(), layout.align()]
}

// SAFETY: all is passed on to `System`, with room for a note.
unsafe impl GlobalAlloc for Below {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let (whole, offset) = with_note(layout);
        // SAFETY: the size is not zero.
        let start = unsafe { System.alloc(whole) };
        if start.is_null() {
            return start;
        }
        // SAFETY: the block begins there.
        let block = unsafe { start.add(offset) };
        // SAFETY: there is room for a note in front of it.
        let before = unsafe { block.cast::<Note>().sub(1) };
        // SAFETY: the same room. The alignment is that of a note at least.
        unsafe { before.write(note(layout)) };
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let (whole, offset) = with_note(layout);
        // SAFETY: `alloc` has put a note in front of it.
        let before = unsafe { block.cast::<Note>().sub(1) };
        // SAFETY: `alloc` has written it.
        if unsafe { before.read() } != note(layout) {
            std::process::abort();
        }
        // SAFETY: the block begins so far behind the start of what was taken.
        let start = unsafe { block.sub(offset) };
        // SAFETY: it was taken with this layout.
        unsafe { System.dealloc(start, whole) };
    }
}

fn calls() -> usize {
    CALLS.get()
}

const HEAP: usize = if cfg!(miri) { 32 << 10 } else { 1 << 20 };

/// Tests that count what all threads do have the program to themselves.
static TURN: RwLock<()> = RwLock::new(());

fn shared() -> RwLockReadGuard<'static, ()> {
    TURN.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The program collects by itself, but in the one test that is about that.
fn plan(heap: usize) -> Plan {
    Plan::new().scopes(1, 4096).default_zone(0).stack(0).heap(heap).collector(false)
}

fn prepare(heap: usize) -> Prepared {
    let prepared = rt::prepare_thread(&plan(heap)).unwrap();
    assert!(prepared.has_heap() && prepared.heap() >= heap);
    prepared
}

fn run<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let thread = thread::spawn(|| {
        prepare(HEAP);
        body()
    });
    thread.join().unwrap()
}

/// On a thread of its own, which has a heap.
fn on_a_prepared_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let _shared = shared();
    run(body)
}

/// The same, while no other test runs.
fn alone_on_a_prepared_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let _alone = TURN.write().unwrap_or_else(|poisoned| poisoned.into_inner());
    rt::collect();
    run(body)
}

/// The bytes that are in use in this thread's heap. What a thread had before may be among them.
fn used_now() -> u64 {
    let section = section();
    // So often that all has come back that other threads have freed.
    let operations = 1000;
    (0..operations).for_each(|_| drop(black_box(Box::new(0_u64))));
    drop(section);
    stats::thread().heap.used
}

fn section() -> Section {
    rt::enter_unwatched(Policy::Count)
}

#[test]
fn a_threads_memory_is_its_heaps_in_a_section() {
    on_a_prepared_thread(|| {
        let at_first = used_now();
        let before = calls();
        let section = section();
        let text: Vec<String> = (0..100).map(|n| format!("number {n}")).collect();
        let boxed = black_box(Box::new([0_u64; 100]));
        let used = stats::thread().heap.used;
        assert!(used > at_first + 100 * 8 + 800, "{used} bytes");
        drop((text, boxed));
        assert_eq!((calls(), section.report().asked()), (before, 0));
        assert_eq!(used_now(), at_first);
        assert!(stats::thread().heap.peak >= used);
        drop(section);
        drop(black_box(Box::new(1)));
        assert_eq!(calls(), before + 2);
    });
}

#[test]
fn what_other_threads_free_comes_back() {
    on_a_prepared_thread(|| {
        let at_first = used_now();
        let inside = section();
        let blocks: Vec<Box<[u8; 200]>> = (0..50).map(|_| Box::new([7; 200])).collect();
        let used = stats::thread().heap.used;
        drop(inside);
        let other = thread::spawn(move || {
            let before = calls();
            assert!(blocks.iter().all(|block| block[199] == 7));
            drop(blocks);
            assert_eq!(calls(), before, "nothing goes to the allocator below");
        });
        other.join().unwrap();
        assert_eq!(stats::thread().heap.used, used);
        let _inside = section();
        // Two with each operation, of which there are two each time.
        for _ in 0..13 {
            drop(black_box(Box::new(0_u8)));
        }
        assert_eq!(stats::thread().heap.used, at_first);
    });
}

#[test]
fn what_a_section_frees_of_others_is_put_aside() {
    alone_on_a_prepared_thread(|| {
        let small: Vec<Box<u8>> = (0..20).map(Box::new).collect();
        let large = vec![0.0_f32; 1000];
        let before = calls();
        let inside = section();
        drop((small, large));
        assert_eq!((calls(), inside.report().asked()), (before, 0));
        assert_eq!(stats::thread().heap.put_aside, 22);
        // It may free, and does so as the section lets it.
        drop(inside);
        assert_eq!(rt::collect(), 22);
        assert_eq!((calls(), stats::thread().heap.put_aside), (before + 22, 0));
        assert_eq!(rt::collect(), 0);
    });
}

/// A block with a pattern in it.
struct Block {
    at: *mut u8,
    layout: Layout,
    seed: u8,
}

// SAFETY: it owns its memory.
unsafe impl Send for Block {}

fn pattern(seed: u8, n: usize) -> u8 {
    seed.wrapping_add((n % 251) as u8)
}

impl Block {
    fn new(size: usize, align: usize, seed: u8) -> Block {
        let layout = Layout::from_size_align(size, align).unwrap();
        // SAFETY: the size is not zero.
        let at = unsafe { std::alloc::alloc(layout) };
        let mut block = Block { at, layout, seed };
        block.fill(0);
        block
    }

    fn zeroed(size: usize, align: usize) -> bool {
        let layout = Layout::from_size_align(size, align).unwrap();
        // SAFETY: the size is not zero.
        let at = unsafe { std::alloc::alloc_zeroed(layout) };
        let mut block = Block { at, layout, seed: 0 };
        let zero = block.bytes().iter().all(|&byte| byte == 0);
        block.fill(0);
        zero
    }

    fn bytes(&mut self) -> &mut [u8] {
        assert!(!self.at.is_null() && self.at.addr() % self.layout.align() == 0);
        // SAFETY: it was taken so.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.layout.size()) }
    }

    fn fill(&mut self, from: usize) {
        let seed = self.seed;
        let bytes = self.bytes();
        bytes.iter_mut().enumerate().skip(from).for_each(|(n, byte)| *byte = pattern(seed, n));
    }

    fn check(&mut self) {
        let seed = self.seed;
        let wrong = self.bytes().iter().enumerate().find(|&(n, &byte)| byte != pattern(seed, n));
        assert_eq!(wrong, None);
    }

    fn resize(&mut self, size: usize) {
        let old = self.layout.size();
        // SAFETY: it was taken so, and the size is not zero.
        self.at = unsafe { std::alloc::realloc(self.at, self.layout, size) };
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        self.bytes();
        let kept = self.layout;
        self.layout = Layout::from_size_align(old.min(size), kept.align()).unwrap();
        self.check();
        self.layout = kept;
        self.fill(old.min(size));
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check();
        // SAFETY: it was taken so.
        unsafe { std::alloc::dealloc(self.at, self.layout) };
    }
}

const LARGEST: u32 = if cfg!(miri) { 11 } else { 16 };

#[test]
fn every_alignment_is_kept() {
    on_a_prepared_thread(|| {
        let at_first = used_now();
        for power in 0..=LARGEST {
            let before = calls();
            let inside = section();
            let blocks: [Block; 3] =
                [1, 24, 1000].map(|size| Block::new(size, 1 << power, power as u8));
            assert!(Block::zeroed(100, 1 << power));
            assert_eq!((calls(), inside.report().asked()), (before, 0), "alignment 2^{power}");
            drop(blocks);
            assert_eq!(stats::thread().heap.used, at_first);
        }
    });
}

#[test]
fn a_block_is_resized_wherever_it_came_from() {
    let sizes = [1, 15, 17, 100, 3000, 90, 16, 5000, 2];
    // What is taken in a section may be resized outside, and the other way round, and on other threads.
    for align in [1, 8, 16, 64, 512] {
        on_a_prepared_thread(move || {
            let before = calls();
            let inside = section();
            let mut own = Block::new(10, align, 1);
            sizes.iter().for_each(|&size| own.resize(size));
            assert_eq!((calls(), inside.report().asked()), (before, 0));
            drop(inside);
            sizes.iter().for_each(|&size| own.resize(size));
            let mut others = Block::new(10, align, 2);
            let inside = section();
            sizes.iter().for_each(|&size| others.resize(size));
            assert_eq!(inside.report().asked(), 0);
            let mut third = Block::new(10, align, 3);
            drop(inside);
            let other = thread::spawn(move || {
                let before = calls();
                sizes.iter().for_each(|&size| third.resize(size));
                assert!(calls() > before, "it is no other thread's heap that it is resized in");
            });
            other.join().unwrap();
        });
    }
}

#[test]
fn what_has_no_room_goes_below_and_is_counted() {
    on_a_prepared_thread(|| {
        let beyond = stats::thread().heap.beyond;
        let outer = section();
        let before = calls();
        drop(black_box(vec![0_u8; 2 * HEAP]));
        {
            let inner = rt::enter_unwatched(Policy::Deny);
            // It comes from below, and is put aside when it is freed.
            drop(black_box(vec![0_u8; 3 * HEAP]));
            let report = inner.report();
            assert_eq!((report.asked_for(Request::BeyondHeap), report.denied()), (1, 0));
            assert_eq!(report.largest_beyond_heap(), 3 * HEAP as u64);
        }
        drop(black_box(vec![0_u8; HEAP + HEAP / 2]));
        let report = outer.report();
        assert_eq!((report.asked_for(Request::BeyondHeap), report.asked()), (3, 3));
        assert_eq!(report.largest_beyond_heap(), 3 * HEAP as u64);
        assert_eq!(report.beyond_heap(), (6 * HEAP + HEAP / 2) as u64);
        assert_eq!(calls(), before + 3);
        assert_eq!(stats::thread().heap.beyond, beyond + 3);
        assert!(report.to_string().contains("beyond"), "{report}");
        // Until it is full, with what is small.
        let mut kept: Vec<Box<[u8; 500]>> = Vec::with_capacity(2 * HEAP / 500);
        let before = outer.report().asked();
        while outer.report().asked() == before {
            kept.push(Box::new([0; 500]));
        }
        // What is freed is found again.
        kept.truncate(kept.len() - 2);
        let before = outer.report().asked();
        kept.push(Box::new([1; 500]));
        assert_eq!(outer.report().asked(), before);
    });
}

#[test]
fn a_full_heap_takes_back_what_others_have_freed() {
    on_a_prepared_thread(|| {
        let inside = section();
        let mut kept: Vec<Box<[u8; 1000]>> =
            Vec::with_capacity(stats::thread().heap.size as usize / 1000);
        while inside.report().asked() == 0 {
            kept.push(Box::new([0; 1000]));
        }
        drop(inside);
        thread::spawn(move || drop(kept)).join().unwrap();
        let inside = section();
        // Sixty-four of them make the room that the heap has not.
        drop(black_box(vec![0_u8; if cfg!(miri) { 10_000 } else { 60_000 }]));
        assert_eq!(inside.report().asked(), 0);
    });
}

#[test]
fn the_next_thread_takes_over_the_heap_and_what_lives_in_it() {
    let _shared = shared();
    // A size of its own, so that no other test has the heap.
    const SIZE: usize = HEAP + 5000;
    let first = thread::spawn(|| {
        let prepared = prepare(SIZE);
        let _inside = section();
        (vec![5_u8; 3000], prepared.heap(), stats::thread().heap.peak)
    });
    let (alive, size, peak) = first.join().unwrap();
    thread::spawn(move || {
        let prepared = prepare(SIZE);
        assert_eq!(prepared.heap(), size);
        assert!((3000..3200).contains(&prepared.heap_used()), "{prepared}");
        let mine = stats::thread().heap;
        assert!(mine.used as usize == prepared.heap_used() && mine.peak >= peak);
        let before = calls();
        let inside = section();
        let own = black_box(vec![6_u8; 3000]);
        assert!(alive.iter().all(|&byte| byte == 5) && own.iter().all(|&byte| byte == 6));
        drop((alive, own));
        assert_eq!((calls(), inside.report().asked(), stats::thread().heap.used), (before, 0, 0));
    })
    .join()
    .unwrap();
}

#[test]
fn a_second_plan_adds_what_is_missing() {
    on_a_prepared_thread(|| {
        let own = stats::thread().heap.size;
        assert_eq!(prepare(HEAP / 2).heap() as u64, own, "it is large enough");
        let inside = section();
        let kept = black_box(vec![1_u8; 1000]);
        let larger = prepare(HEAP * 2);
        assert!(stats::thread().heap.size >= 2 * HEAP as u64 && larger.heap_used() == 0);
        // In the section still, and from the new heap.
        let before = inside.report().asked();
        let new = black_box(vec![0_u8; HEAP + 1000]);
        assert_eq!(inside.report().asked(), before);
        drop((kept, new));
        drop(inside);
        // Two that are too large.
        let most = rt::prepare_thread(&plan(usize::MAX)).unwrap_err();
        assert!(matches!(most, memzone::ZoneError::TooLarge { .. }), "{most}");
        let denied = {
            let _inside = rt::enter_unwatched(Policy::Deny);
            rt::prepare_thread(&plan(HEAP * 3)).unwrap_err()
        };
        assert!(matches!(denied, memzone::ZoneError::Denied { .. }), "{denied}");
    });
}

#[test]
fn a_thread_that_ends_in_a_section_gives_up_its_heap() {
    /// Takes and frees memory when the thread ends: before the heap is given up, and after it.
    struct AtEnd {
        has_heap: bool,
    }
    thread_local! {
        static LAST: AtEnd = const { AtEnd { has_heap: false } };
        static FIRST: AtEnd = const { AtEnd { has_heap: true } };
        static KEPT: std::cell::RefCell<Vec<Vec<u8>>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    static RUN: AtomicUsize = AtomicUsize::new(0);
    let _shared = shared();
    impl Drop for AtEnd {
        fn drop(&mut self) {
            let before = calls();
            let section = rt::enter_unwatched(Policy::Count);
            let mut block = Block::new(300, 32, 9);
            block.resize(1000);
            let has_heap = calls() == before;
            assert_eq!((has_heap, stats::thread().heap.size > 0), (self.has_heap, self.has_heap));
            drop(section);
            let again = rt::prepare_thread(&plan(HEAP));
            assert_eq!(again.unwrap().has_heap(), self.has_heap);
            let _section = rt::enter_unwatched(Policy::Count);
            drop(block);
            RUN.fetch_add(1, Relaxed);
        }
    }
    for _ in 0..5 {
        let thread = thread::spawn(|| {
            LAST.with(|_| ());
            prepare(HEAP);
            FIRST.with(|_| ());
            std::mem::forget(section());
            KEPT.with_borrow_mut(|kept| kept.extend((0..10).map(|_| vec![3; 64])));
        });
        thread.join().unwrap();
    }
    assert_eq!(RUN.load(Relaxed), 10);
}

#[test]
fn an_allocator_that_is_not_installed_puts_nothing_aside() {
    /// Over an allocator that is not the installed one's.
    static OTHER: RtAlloc<Counted> = RtAlloc::new(Counted(AtomicUsize::new(0)));
    struct Counted(AtomicUsize);
    // SAFETY: all is passed on to `System`.
    unsafe impl GlobalAlloc for Counted {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            self.0.fetch_add(1, Relaxed);
            // SAFETY: the caller's promise.
            unsafe { System.alloc(layout) }
        }
        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            self.0.fetch_add(100, Relaxed);
            // SAFETY: the caller's promise.
            unsafe { System.dealloc(block, layout) }
        }
    }
    const LAYOUT: Layout = Layout::new::<[u64; 4]>();
    fn take() -> *mut u8 {
        // SAFETY: the size is not zero.
        unsafe { OTHER.alloc(LAYOUT) }
    }
    fn free(block: *mut u8) {
        // SAFETY: it was taken so.
        unsafe { OTHER.dealloc(block, LAYOUT) }
    }
    on_a_prepared_thread(|| {
        let (first, second) = (take(), take());
        let before = stats::thread().heap.put_aside;
        let _inside = section();
        free(first);
        assert_eq!(stats::thread().heap.put_aside, before);
        // It serves from the heap like any other.
        free(take());
        free(second);
    });
    free(take());
    // Three were taken from below it, and all three went back there.
    fn counted(other: &RtAlloc<Counted>) -> String {
        format!("{other:?}")
    }
    impl std::fmt::Debug for Counted {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}", self.0.load(Relaxed))
        }
    }
    assert!(counted(&OTHER).contains("303"), "{}", counted(&OTHER));
}

#[test]
fn what_waits_has_a_bound() {
    alone_on_a_prepared_thread(|| {
        const MOST: usize = 64 << 20;
        let blocks: Vec<Vec<u8>> = (0..4).map(|_| Vec::with_capacity(MOST / 2 - 16)).collect();
        let inside = section();
        let before = calls();
        blocks.into_iter().for_each(drop);
        // Two fill it up to 32 bytes, so the third goes aside, and the fourth does not. Nor does the list itself.
        let report = inside.report();
        assert_eq!(report.asked_for(Request::GiveBack), 2);
        assert_eq!(report.given_back(), (MOST / 2 - 16 + 4 * size_of::<Vec<u8>>()) as u64);
        assert_eq!((calls(), stats::thread().heap.put_aside), (before + 2, 3));
        drop(inside);
        assert_eq!(rt::collect(), 3);
    });
}

#[test]
#[cfg_attr(miri, ignore = "65,536 blocks")]
fn the_number_of_what_waits_has_a_bound() {
    alone_on_a_prepared_thread(|| {
        let blocks: Vec<Box<u8>> = (0..65_540).map(|_| Box::new(1)).collect();
        let inside = section();
        drop(blocks);
        assert_eq!(inside.report().asked_for(Request::GiveBack), 5);
        drop(inside);
        assert_eq!(rt::collect(), 65_536);
    });
}

#[test]
#[cfg_attr(miri, ignore = "its clock")]
fn a_collector_is_there_by_default() {
    alone_on_a_prepared_thread(|| {
        let prepared = rt::prepare_thread(&plan(HEAP).collector(true)).unwrap();
        assert!(prepared.is_collecting());
        let text: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let inside = section();
        drop(text);
        assert_eq!(inside.report().asked(), 0);
        // It comes by itself.
        while stats::thread().heap.put_aside > 0 {
            thread::yield_now();
        }
        // A program that collects itself stops it.
        assert!(!rt::prepare_thread(&plan(HEAP)).unwrap().is_collecting());
        assert!(rt::prepare_thread(&plan(HEAP).collector(true)).unwrap().is_collecting());
        assert!(!rt::prepare_thread(&plan(HEAP)).unwrap().is_collecting());
    });
}

#[test]
#[cfg(feature = "reclaim")]
fn a_reclaimer_collects() {
    alone_on_a_prepared_thread(|| {
        let boxed = Box::new(1);
        let inside = section();
        drop(boxed);
        drop(inside);
        assert_eq!(stats::thread().heap.put_aside, 1);
        memzone::reclaim::Reclaimer::new().collect();
        assert_eq!(stats::thread().heap.put_aside, 0);
    });
}

#[test]
fn all_threads_figures_show_the_heaps() {
    on_a_prepared_thread(|| {
        let _inside = section();
        let kept = black_box(vec![0_u8; 1234]);
        let threads = stats::threads();
        let id = thread::current().id();
        let (_, mine) = threads.running().iter().find(|(thread, _)| thread.id() == id).unwrap();
        assert!(mine.heap.used >= 1234 && threads.total().heap.used >= mine.heap.used);
        let text = threads.to_string();
        assert!(text.contains("bytes used (peak"), "{text}");
        drop(kept);
    });
}

/// Numbers that look random.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn size(&mut self) -> usize {
        let most = 1 << self.below(12);
        1 + self.below(most)
    }
}

/// Takes, resizes, frees, and trades blocks with the other threads. Some threads are served, in some of their time.
fn trade(seed: u64, steps: usize, mine: &Receiver<Block>, others: &[Sender<Block>]) {
    let mut numbers = Numbers(seed);
    let served = numbers.below(4) > 0;
    if served {
        prepare(HEAP);
    }
    let mut kept: Vec<Block> = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    for _ in 0..steps {
        match numbers.below(16) {
            0 if served && sections.len() < 3 => sections.push(section()),
            1 => drop(sections.pop()),
            2..=5 => {
                let align = 1 << numbers.below(LARGEST as usize - 2);
                let size = numbers.size();
                kept.push(Block::new(size, align, seed as u8));
            }
            6..=8 if !kept.is_empty() => {
                let n = numbers.below(kept.len());
                kept[n].resize(numbers.size());
            }
            9..=11 if !kept.is_empty() => {
                drop(kept.swap_remove(numbers.below(kept.len())));
            }
            12..=13 if !kept.is_empty() => {
                let block = kept.swap_remove(numbers.below(kept.len()));
                // It is dropped where the other thread has ended.
                let _ = others[numbers.below(others.len())].send(block);
            }
            _ => kept.extend(mine.try_recv().ok()),
        }
        if kept.len() > 60 {
            kept.truncate(20);
        }
    }
    if numbers.below(2) == 0 {
        sections.into_iter().for_each(std::mem::forget);
    }
}

#[test]
fn threads_trade_blocks_and_end_at_any_time() {
    let shared = shared();
    let (rounds, steps) = if cfg!(miri) { (2, 60) } else { (40, 2000) };
    // Fewer where each step takes long, and more for a campaign.
    let rounds = std::env::var("TRADE_ROUNDS").map_or(rounds, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| channel()).unzip();
        let threads: Vec<_> = receivers
            .into_iter()
            .zip(1..)
            .map(|(mine, n)| {
                let others = senders.clone();
                let steps = steps * n as usize / 4;
                thread::spawn(move || trade(round * 100 + n, steps, &mine, &others))
            })
            .collect();
        drop(senders);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
    drop(shared);
    // All heaps are still whole: what their last owners left is used again.
    on_a_prepared_thread(|| drop(Block::new(HEAP / 2, 64, 1)));
}

/// A heap of more than 64 MiB has several of the region's places. What lies in any of them is its own.
#[test]
#[cfg_attr(miri, ignore = "takes too much memory")]
fn blocks_in_all_places_of_a_large_heap_are_its_own() {
    const BLOCK: usize = 4 << 20;
    let _shared = shared();
    let (send, used) = channel();
    // The thread does not end, as another test would take over a heap of that size.
    thread::spawn(move || {
        rt::prepare_thread(&plan(80 << 20).prefault(false)).unwrap();
        let before = stats::thread().heap.used;
        let section = section();
        // The last ones begin in the second place.
        let mut blocks = Vec::with_capacity(18);
        for n in 0..18_u8 {
            let mut block = black_box(Vec::with_capacity(BLOCK));
            block.push(n);
            blocks.push(block);
        }
        let all = stats::thread().heap.used - before;
        blocks.iter_mut().for_each(Vec::shrink_to_fit);
        assert!(blocks.iter().map(|block| block[0]).eq(0..18));
        drop(blocks);
        drop(section);
        send.send((all, stats::thread().heap.used - before)).unwrap();
        loop {
            thread::park();
        }
    });
    let (all, left) = used.recv().unwrap();
    assert!(all >= 18 * BLOCK as u64 && left == 0, "{all}, {left}");
}

#[test]
#[cfg_attr(miri, ignore = "Miri has no huge pages")]
fn a_heap_may_have_huge_pages() {
    let _shared = shared();
    let (send, bytes) = channel();
    // The thread does not end, as another test would take over a heap of that size.
    thread::spawn(move || {
        let plan = plan(9 << 20).huge_pages(true);
        let prepared = rt::prepare_thread(&plan).unwrap();
        let section = section();
        drop(black_box(vec![1_u8; 8 << 20]));
        drop(section);
        // What there is already counts.
        let again = rt::prepare_thread(&plan).unwrap();
        send.send([prepared.huge_bytes(), again.huge_bytes()]).unwrap();
        loop {
            thread::park();
        }
    });
    // It begins at a huge page, so that only its end lies beside one.
    let has_huge_pages = cfg!(all(target_os = "linux", target_pointer_width = "64"));
    let expected = if has_huge_pages { 8 << 20 } else { 0 };
    assert_eq!(bytes.recv().unwrap(), [expected; 2]);
}
