//! Explicit heap memory: `halloc`, `HBox`, `RtHeap`, and foreign allocators.

#[path = "common/counting.rs"]
mod counting;

#[path = "common/adversary.rs"]
mod adversary;

#[path = "common/shadow.rs"]
mod shadow;

use adversary::{CHECKERBOARD, IN_TURN, LARGE, OfHeap, OfZone, SMALL, SQUARE};
use allocator_api2::alloc::{AllocError, Allocator};
use memzone::{
    DeepCopy, FromAllocator, HBox, Heap, RtHeap, SendHeap, Zone, ZoneError, beginz, free, halloc,
    halloc_in, halloc_slice, halloc_slice_in, letz, try_halloc, try_halloc_slice,
};
use proptest::prelude::*;
use shadow::{Shadow, Step, range};
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::mpsc::channel;

/// Counts in its cell how often it was dropped.
struct Counted<'a>(&'a Cell<u32>);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn halloc_owns_and_frees_once() {
    let drops = Cell::new(0);
    let before = (counting::calls(), counting::frees());
    let value = halloc(Counted(&drops));
    assert_eq!(counting::calls(), before.0 + 1);
    free(value);
    assert_eq!((drops.get(), counting::frees()), (1, before.1 + 1));
    drop(halloc(Counted(&drops)));
    assert_eq!((drops.get(), counting::frees()), (2, before.1 + 2));
    let moved = HBox::into_inner(halloc(Counted(&drops)));
    assert_eq!((drops.get(), counting::frees()), (2, before.1 + 3), "moved out, not dropped");
    drop(moved);

    let mut samples = halloc_slice(1000, 0.5_f32);
    samples[999] = 1.0;
    assert_eq!((samples.len(), samples[0], samples[999]), (1000, 0.5, 1.0));
    assert_eq!(range(&samples).len(), 4000);
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn a_box_of_nothing_takes_nothing() {
    let before = counting::calls();
    assert_eq!(halloc_slice(0, 1_u64).len(), 0);
    let drops = Cell::new(0);
    struct Empty;
    let _ = (halloc(()), halloc(Empty), halloc([0_u64; 0]));
    let heap = RtHeap::new(1024);
    let of_heap = (halloc_in(&heap, ()).unwrap(), halloc_slice_in(&heap, 0, 1_u8).unwrap());
    assert_eq!(heap.stats().live, 0);
    drop(heap);
    drop(of_heap);
    assert_eq!((drops.get(), counting::calls()), (0, before + 1), "the heap's own");
    #[repr(align(4096))]
    struct Aligned;
    assert_eq!((&raw const *halloc(Aligned)).addr() % 4096, 0);
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn boxes_of_std_are_taken_over_and_given_back_uncopied() {
    let text: Box<str> = "kick".into();
    let address = text.as_ptr();
    let before = counting::calls();
    let ours = HBox::from_box(text);
    assert_eq!((&*ours, ours.as_ptr()), ("kick", address));
    let back = HBox::into_box(ours);
    assert_eq!((&*back, back.as_ptr()), ("kick", address));
    let sum: HBox<dyn Fn(i32) -> i32> = HBox::from_box(Box::new(|n| n + 1));
    assert_eq!(sum(1), 2);
    let slice: Box<[u8]> = HBox::into_box(halloc_slice(3, 7_u8));
    assert_eq!(*slice, [7, 7, 7]);
    assert!(counting::calls() <= before + 3);
}

#[test]
fn a_leaked_value_stays() {
    let leaked: &'static mut [u8] = HBox::leak(halloc_slice(3, 1_u8));
    leaked[0] = 2;
    // SAFETY: it was leaked from a box of the global allocator, and is not used again.
    let back = HBox::from_box(unsafe { Box::from_raw(leaked) });
    assert_eq!(back[..], [2, 1, 1]);
}

#[test]
fn a_place_may_be_taken_before_its_value_is_there() {
    let heap = RtHeap::new(1024);
    let place: HBox<MaybeUninit<[u64; 4]>, _> = HBox::<[u64; 4], _>::try_uninit_in(&heap).unwrap();
    let address = range(&place);
    let full = HBox::<[u8; 2000], _>::try_uninit_in(&heap).unwrap_err();
    assert!(matches!(full, ZoneError::LimitReached { requested: 2000, .. }));
    let value = place.write([3; 4]);
    assert_eq!((range(&value), *value), (address, [3; 4]));
}

#[test]
fn wrong_sizes_and_missing_memory_are_errors() {
    let too_large = |error: ZoneError| matches!(error, ZoneError::TooLarge { .. });
    assert!(too_large(try_halloc_slice(usize::MAX, 0_u64).unwrap_err()));
    assert!(too_large(try_halloc_slice(isize::MAX as usize, 0_u16).unwrap_err()));
    let heap = RtHeap::new(1024);
    assert!(too_large(halloc_slice_in(&heap, usize::MAX, 0_u8).unwrap_err()));
    assert!(halloc_slice_in(&heap, isize::MAX as usize, 0_u8).is_err());
    assert!(too_large(RtHeap::try_new(usize::MAX).unwrap_err()));
    #[cfg(target_pointer_width = "64")]
    assert!(too_large(RtHeap::try_new(9 << 30).unwrap_err()));
    assert_eq!(heap.stats().used, 0);
    heap.check();
    let (value, slice, refused) = counting::without_memory(|| {
        (try_halloc(5).err(), try_halloc_slice(3, 1_u8).err(), RtHeap::try_new(4096).err())
    });
    assert_eq!(value, Some(ZoneError::OutOfMemory { requested: 4 }));
    assert_eq!(slice, Some(ZoneError::OutOfMemory { requested: 3 }));
    assert!(matches!(refused, Some(ZoneError::OutOfMemory { .. })));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_destructor_that_panics_frees_the_memory_all_the_same() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let heap = RtHeap::new(1024);
    let value = halloc_in(&heap, (Bad, [1_u8; 100])).map_err(drop).ok().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(value))).is_err());
    assert_eq!((heap.stats().live, heap.stats().used), (0, 0));
    heap.check();
}

#[test]
fn a_box_on_the_systems_heap_leaves_a_scope_unmoved() {
    #[derive(DeepCopy)]
    struct Patch {
        name: HBox<String>,
        table: HBox<[f32]>,
    }
    let (addresses, patch) = beginz!({
        let patch = Patch { name: halloc("saw".to_string()), table: halloc_slice(8, 0.5) };
        ((patch.name.as_ptr().addr(), patch.table.as_ptr().addr()), patch)
    });
    assert_eq!((patch.name.as_ptr().addr(), patch.table.as_ptr().addr()), addresses);
    let zone = Zone::new(64);
    let copy = memzone::zcopy(&patch, &zone);
    assert_ne!(copy.table.as_ptr(), patch.table.as_ptr());
    assert_eq!((&**copy.name, &*copy.table), ("saw", &[0.5; 8][..]));
    // What it refers to goes to the target.
    let number: HBox<&u32> = letz!(_ in &zone; a = 5_u32 => halloc(&*a));
    assert!(zone.contains(*number) && **number == 5);
}

#[test]
#[cfg_attr(miri, ignore = "slow there, and the properties below do as much")]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn a_real_time_heap_takes_all_its_memory_at_the_start() {
    let before = counting::bytes_asked();
    let heap = RtHeap::new(100_000);
    let asked = counting::bytes_asked() - before;
    assert!((100_000..130_000).contains(&asked), "{asked}");
    let mut boxes = Vec::with_capacity(1000);
    let before = (counting::calls(), counting::frees());
    while let Ok(value) = halloc_in(&heap, [1_u8; 200]) {
        boxes.push(value);
        assert!(boxes.len() < 1000);
    }
    assert!(boxes.len() * 224 > 95_000, "{} of 224 bytes with their header", boxes.len());
    assert_eq!(heap.stats().failed, 1);
    heap.check();
    boxes.clear();
    heap.check();
    assert_eq!((counting::calls(), counting::frees()), before, "and frees none");
    let stats = heap.stats();
    assert_eq!((stats.used, stats.live, stats.waiting), (0, 0, 0));
    assert_eq!(
        (stats.free, stats.largest_free, stats.fragmentation()),
        (stats.capacity, stats.capacity, 0.0)
    );
    assert!(stats.peak > 80_000);
}

#[test]
fn a_full_heap_is_an_error_that_loses_nothing() {
    let heap = RtHeap::new(4096);
    let value = halloc_in(&heap, [7_u8; 3000]).unwrap();
    let before = heap.stats();
    let error = halloc_in(&heap, [8_u8; 3000]).unwrap_err();
    assert!(
        matches!(error, ZoneError::LimitReached { requested: 3000, used: 3000, .. }),
        "{error}"
    );
    let after = heap.stats();
    assert_eq!((after.used, after.live, after.free, after.failed), (3000, 1, before.free, 1));
    assert_eq!(*value, [7; 3000]);
}

/// Found by the fuzz target `heap`: the allocator takes no memory of this size, and its blocks were looked at
/// all the same.
#[test]
fn a_heap_of_no_bytes_is_full_and_whole() {
    let heap = RtHeap::new(0);
    heap.check();
    assert!(matches!(halloc_in(&heap, 1_u8), Err(ZoneError::LimitReached { requested: 1, .. })));
    let nothing = halloc_in(&heap, ()).unwrap();
    let stats = heap.stats();
    assert_eq!((stats.capacity, stats.free, stats.largest_free, stats.live), (0, 0, 0, 0));
    assert_eq!((stats.failed, stats.fragmentation()), (1, 0.0));
    drop(nothing);
    heap.check();
    heap.into_sendable().into_heap().check();
}

/// The block that was freed last is kept apart, and is still there for every request.
#[test]
fn the_block_that_was_freed_last_is_found_again() {
    let heap = RtHeap::new(8 << 10);
    let first = halloc_in(&heap, [1_u64; 8]).unwrap();
    let address = &raw const *first;
    drop(first);
    let again = halloc_in(&heap, [2_u64; 8]).unwrap();
    let other = halloc_in(&heap, [3_u64; 8]).unwrap();
    assert_eq!(&raw const *again, address);
    assert_eq!((*again, *other), ([2; 8], [3; 8]), "nobody else gets it");
    drop((again, other));

    // One box takes all there is. What it leaves serves requests of other sizes too.
    let most = (0..8 << 10).rev().find_map(|size| halloc_slice_in(&heap, size, 1_u8).ok()).unwrap();
    let len = most.len();
    assert!((8 << 10) - len < 512, "{len}");
    let failed = heap.failed();
    drop(most);
    let small = halloc_in(&heap, [4_u64; 8]).unwrap();
    drop(small);
    assert_eq!(halloc_slice_in(&heap, len, 5_u8).unwrap().len(), len);
    assert_eq!((heap.failed(), heap.used()), (failed, 0));
    heap.check();
    let stats = heap.stats();
    assert_eq!((stats.live, stats.free), (0, stats.largest_free), "all of it is one block");
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn what_other_threads_drop_comes_back_a_few_at_a_time() {
    let heap = RtHeap::new(16 << 10);
    let boxes: Vec<_> = (0..20_u64).map(|n| halloc_in(&heap, [n; 10]).unwrap()).collect();
    let sum: u64 = std::thread::scope(|threads| {
        threads
            .spawn(move || boxes.into_iter().map(|b| b.iter().sum::<u64>()).sum())
            .join()
            .unwrap()
    });
    assert_eq!(sum, 1900);
    assert_eq!((heap.stats().waiting, heap.stats().live), (20, 20));
    heap.check();
    let one = halloc_in(&heap, 1_u8).unwrap();
    assert_eq!((heap.stats().waiting, heap.stats().live), (18, 19), "two with each operation");
    drop(one);
    assert_eq!((heap.stats().waiting, heap.stats().live), (16, 16));
    assert_eq!(heap.drain(5), 5);
    assert_eq!(heap.drain(usize::MAX), 11);
    assert_eq!((heap.stats().waiting, heap.stats().live, heap.stats().used), (0, 0, 0));
    heap.check();
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_heap_that_seems_full_looks_for_what_waits() {
    let heap = RtHeap::new(8192);
    let boxes: Vec<_> = std::iter::from_fn(|| halloc_in(&heap, [1_u8; 500]).ok()).collect();
    assert!(boxes.len() >= 14);
    std::thread::spawn(move || drop(boxes)).join().unwrap();
    assert!(halloc_in(&heap, [1_u8; 5000]).is_ok());
    assert_eq!(heap.stats().waiting, 0);
}

#[test]
fn blocks_keep_a_dropped_heap_alive() {
    let before = (counting::bytes_asked(), counting::bytes_freed());
    let heap = RtHeap::new(10_000);
    let asked = counting::bytes_asked() - before.0;
    let first = halloc_in(&heap, [1_u8; 100]).unwrap();
    let second = halloc_in(&heap, [2_u8; 100]).unwrap();
    drop(heap);
    assert_eq!((first[99], second[99]), (1, 2));
    drop(first);
    assert_eq!(counting::bytes_freed(), before.1);
    assert_eq!(second[99], 2);
    drop(second);
    assert_eq!(counting::bytes_freed() - before.1, asked, "the last block frees it");
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn the_last_block_frees_the_heap_on_whichever_thread() {
    for drop_first in [true, false] {
        let heap = RtHeap::new(4096);
        let boxes: Vec<_> = (0..8_u8).map(|n| halloc_in(&heap, [n; 16]).unwrap()).collect();
        std::thread::scope(|threads| {
            for value in boxes {
                threads.spawn(move || assert!(value.iter().all(|n| *n == value[0])));
            }
            if drop_first {
                drop(heap);
            }
        });
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_heap_that_ends_while_blocks_wait_gives_its_memory_back() {
    let heap = RtHeap::new(4096);
    let value = halloc_in(&heap, [1_u8; 16]).unwrap();
    std::thread::spawn(move || drop(value)).join().unwrap();
    assert_eq!(heap.stats().waiting, 1);
    let before = counting::bytes_freed();
    drop(heap);
    assert!(counting::bytes_freed() - before >= 4096);
}

/// On threads that have never had a heap, and on one that has.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_box_that_is_freed_while_its_heap_is_on_its_way_waits() {
    let heap = RtHeap::new(4096);
    let [first, second] = [1_u64, 2].map(|value| halloc_in(&heap, value).unwrap());
    let on_its_way = heap.into_sendable();
    std::thread::spawn(move || drop(first)).join().unwrap();
    let with_a_heap = std::thread::spawn(move || {
        let other = RtHeap::new(4096);
        drop(second);
        other.check();
    });
    with_a_heap.join().unwrap();
    let heap = on_its_way.into_heap();
    assert_eq!((heap.stats().waiting, heap.stats().live), (2, 2));
    heap.check();
    assert_eq!(heap.drain(8), 2);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_heap_may_be_sent_and_its_boxes_freed_anywhere() {
    let heap = RtHeap::new(4096);
    let here = halloc_in(&heap, 1_u64).unwrap();
    let early = halloc_in(&heap, 2_u64).unwrap();
    let sendable = heap.into_sendable();
    drop(early); // Nobody's heap just now.
    let (sender, receiver) = channel();
    let thread = std::thread::spawn(move || {
        let heap = SendHeap::into_heap(sendable);
        assert_eq!((heap.stats().waiting, heap.stats().live), (1, 2));
        sender.send(halloc_in(&heap, 3_u64).unwrap()).unwrap();
        heap.check();
        heap.into_sendable()
    });
    let there = receiver.recv().unwrap();
    let heap = thread.join().unwrap().into_heap();
    drop(here);
    assert_eq!(*there, 3);
    drop(there);
    assert_eq!((heap.stats().live, heap.stats().waiting), (0, 0));
    heap.check();
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_heap_may_die_on_its_way() {
    let heap = RtHeap::new(4096);
    let value = halloc_in(&heap, 5).unwrap();
    let sendable = heap.into_sendable();
    std::thread::spawn(move || drop(sendable)).join().unwrap();
    assert_eq!(*value, 5);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn boxes_and_heaps_in_thread_locals_die_in_any_order() {
    type Slot = RefCell<Option<HBox<[u8; 32], RtHeap>>>;
    thread_local! {
        static FIRST: Slot = const { RefCell::new(None) };
        static HEAP: RefCell<Option<RtHeap>> = const { RefCell::new(None) };
        static LAST: Slot = const { RefCell::new(None) };
    }
    std::thread::spawn(|| {
        FIRST.with(|_| ());
        let heap = RtHeap::new(1024);
        FIRST.set(halloc_in(&heap, [1; 32]).ok());
        let last = halloc_in(&heap, [2; 32]).ok();
        HEAP.set(Some(heap));
        LAST.set(last);
    })
    .join()
    .unwrap();
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn alignments_are_kept() {
    #[repr(align(64))]
    #[derive(Clone, Copy)]
    struct Line(#[allow(dead_code)] [u8; 64]);
    #[repr(align(4096))]
    #[derive(Clone, Copy)]
    struct Page(#[allow(dead_code)] [u8; 4096]);
    let heap = RtHeap::new(64 << 10);
    let _odd = halloc_in(&heap, 1_u8).unwrap();
    let line = halloc_in(&heap, Line([1; 64])).unwrap();
    let pages = halloc_slice_in(&heap, 3, Page([2; 4096])).unwrap();
    assert_eq!(range(&line).start % 64, 0);
    assert_eq!(range(&pages).start % 4096, 0);
    heap.check();
    // Back from another thread with its alignment.
    std::thread::spawn(move || drop((line, pages))).join().unwrap();
    assert_eq!(heap.drain(9), 2);
    heap.check();
}

#[test]
fn the_adversary_leaves_holes_and_they_close_again() {
    const BYTES: usize = if cfg!(miri) { 16 << 10 } else { 1 << 20 };
    let heap = || OfHeap(RtHeap::new(BYTES));
    let (steps, scattered) = IN_TURN.run(&mut heap(), usize::MAX, usize::MAX);
    let hole = steps[scattered];
    // The holes, or what was left at the end.
    assert!((SMALL..LARGE).contains(&hole.largest), "{hole:?}");
    assert!(hole.freed > BYTES / 20 && (cfg!(miri) || hole.fragmentation() > 0.98), "{hole:?}");
    let whole = steps[steps.len() - 1];
    assert!(whole.largest >= whole.freed * 31 / 32, "all of it but a class's rounding: {whole:?}");

    let (steps, scattered) = CHECKERBOARD.run(&mut heap(), usize::MAX, usize::MAX);
    let hole = steps[scattered];
    assert!((SQUARE..=SQUARE + 32).contains(&hole.largest), "{hole:?}");
    let around = steps[steps.len() - 1];
    assert!(around.largest >= around.freed * 15 / 32, "half on either side: {around:?}");
    assert!(around.largest <= around.freed * 19 / 32, "{around:?}");

    // A zone has no holes: what is freed comes back with the reset, all of it.
    let (steps, scattered) = IN_TURN.run(&mut OfZone::new(BYTES), usize::MAX, usize::MAX);
    assert!(steps[scattered].largest < LARGE, "{:?}", steps[scattered]);
    assert_eq!(steps[steps.len() - 1].largest, BYTES);
}

#[test]
fn the_statistics_print() {
    let heap = RtHeap::new(2048);
    let _value = halloc_in(&heap, [0_u8; 100]).unwrap();
    let free = heap.stats().free;
    let text = heap.stats().to_string();
    let expected = format!(
        "100 bytes used by 1 boxes (peak 100), {free} free, largest {free} (0.0 % fragmented), 0 waiting, 0 failed"
    );
    assert_eq!(text, expected);
}

/// A buddy system and a free list, neither ours, behind the interface that they lack on stable Rust.
trait Inner {
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>>;
    /// # Safety
    ///
    /// Taken from this one, with this layout.
    unsafe fn give_back(&mut self, memory: NonNull<u8>, layout: Layout);
}

impl Inner for buddy_system_allocator::Heap<32> {
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.alloc(layout).ok()
    }
    unsafe fn give_back(&mut self, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { self.dealloc(memory, layout) };
    }
}

impl Inner for linked_list_allocator::Heap {
    fn take(&mut self, layout: Layout) -> Option<NonNull<u8>> {
        self.allocate_first_fit(layout).ok()
    }
    unsafe fn give_back(&mut self, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { self.deallocate(memory, layout) };
    }
}

struct Shared<I>(Rc<RefCell<I>>);

impl<I> Clone for Shared<I> {
    fn clone(&self) -> Self {
        Shared(Rc::clone(&self.0))
    }
}

// SAFETY: clones share the one allocator, which the memory (leaked, so there for ever) belongs to.
unsafe impl<I: Inner> Allocator for Shared<I> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let start = self.0.borrow_mut().take(layout).ok_or(AllocError)?;
        Ok(NonNull::slice_from_raw_parts(start, layout.size()))
    }
    unsafe fn deallocate(&self, memory: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { self.0.borrow_mut().give_back(memory, layout) };
    }
}

/// Memory for a foreign allocator.
fn arena() -> &'static mut [MaybeUninit<u8>] {
    Box::leak(Box::new_uninit_slice(ARENA))
}

const ARENA: usize = if cfg!(miri) { 32 << 10 } else { 256 << 10 };

fn buddy() -> FromAllocator<Shared<buddy_system_allocator::Heap<32>>> {
    let (memory, mut heap) = (arena(), buddy_system_allocator::Heap::empty());
    // SAFETY: the memory is the allocator's alone, for ever.
    unsafe { heap.init(memory.as_mut_ptr().expose_provenance(), ARENA) };
    FromAllocator(Shared(Rc::new(RefCell::new(heap))))
}

fn free_list() -> FromAllocator<Shared<linked_list_allocator::Heap>> {
    let heap = linked_list_allocator::Heap::from_slice(arena());
    FromAllocator(Shared(Rc::new(RefCell::new(heap))))
}

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![4 => 0_usize..64, 3 => 64_usize..600, 1 => 600_usize..20_000];
    let step = prop_oneof![
        5 => (size, any::<u8>()).prop_map(|(size, fill)| Step::Take(size, fill)),
        4 => any::<usize>().prop_map(Step::Free),
        1 => (any::<usize>(), any::<u8>()).prop_map(|(n, fill)| Step::Write(n, fill)),
    ];
    proptest::collection::vec(step, 1..most)
}

fn config() -> ProptestConfig {
    // In a release build a million steps of each kind of heap.
    let cases = match (cfg!(miri), cfg!(debug_assertions)) {
        (true, _) => 2,
        (_, true) => 128,
        _ => 5000,
    };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Bytes of the heaps that random steps are run on.
const HEAP: usize = if cfg!(miri) { 16 << 10 } else { 128 << 10 };

const STEPS: usize = if cfg!(miri) { 20 } else { 400 };

/// A full heap of blocks of one layout.
fn full_of(heap: &RtHeap, layout: Layout) -> Vec<NonNull<u8>> {
    core::iter::from_fn(|| heap.take(layout).ok()).collect()
}

fn give_back(heap: &RtHeap, block: NonNull<u8>, layout: Layout) {
    // SAFETY: taken with this layout, and given up.
    unsafe { RtHeap::give_back(&heap.origin(), block, layout) };
}

/// TLSF files a block below its size and searches from above it: 14,672 of these sizes were refused.
#[test]
fn a_full_heap_has_room_for_what_it_gave_back() {
    let sizes = if cfg!(miri) { vec![1, 2033, 4096, 9600] } else { (1..=20_000).collect() };
    for align in [1, 16, 32, 64, 4096] {
        let step = if align == 1 { 1 } else { 37 };
        for &size in sizes.iter().step_by(step) {
            let layout = Layout::from_size_align(size, align).unwrap();
            let heap = RtHeap::new(4 * (size + 2 * align + 64));
            let mut blocks = full_of(&heap, layout);
            assert!(blocks.len() >= 3, "{layout:?}");
            assert!(blocks.iter().all(|block| block.addr().get() % align == 0));
            give_back(&heap, blocks.remove(1), layout);
            let again = heap.take(layout);
            blocks.push(again.unwrap_or_else(|error| panic!("{layout:?}: {error}")));
            blocks.into_iter().for_each(|block| give_back(&heap, block, layout));
            assert_eq!(heap.stats().free, heap.stats().capacity, "nothing is lost");
        }
    }
}

/// The most that a block takes of the heap beside what was asked for: its header, the alignment, and what rounds
/// it to a class.
#[test]
fn a_block_costs_no_more_than_is_said() {
    for (size, align) in [(100, 1), (1000, 16), (2033, 1), (4096, 16), (9600, 64), (100_000, 4096)]
    {
        let layout = Layout::from_size_align(size, align).unwrap();
        let heap = RtHeap::new(4 << 20);
        let block = heap.take(layout).unwrap();
        let (before, taken) = (heap.stats().capacity, heap.stats());
        // What is left is one block, with its header.
        let cost = before - taken.free;
        let most = (size + align.max(16)).next_multiple_of(32);
        assert!(cost <= most + most / 32, "{layout:?} costs {cost}");
        give_back(&heap, block, layout);
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_real_time_heap_agrees_with_its_shadow(steps in steps(STEPS)) {
        let heap = RtHeap::new(HEAP);
        let mut shadow = Shadow::new();
        for steps in steps.chunks(16) {
            shadow.run(&heap, steps);
            heap.check();
            let stats = heap.stats();
            prop_assert_eq!(stats.used, shadow.bytes());
            prop_assert_eq!(stats.live, shadow.live.iter().filter(|(b, _)| !b.is_empty()).count());
        }
        shadow.check_contents();
        drop(shadow);
        heap.check();
        prop_assert_eq!(heap.stats().free, heap.stats().capacity, "nothing is lost");
    }

    /// However a heap has got full: any block that is freed makes room for one of its size and alignment.
    #[test]
    fn what_was_freed_can_be_taken_again(
        blocks in proptest::collection::vec((1..if cfg!(miri) { 3000_usize } else { 30_000 }, 0..9_u32, any::<bool>()), 1..STEPS),
        freed in any::<prop::sample::Index>(),
    ) {
        let heap = RtHeap::new(HEAP);
        let mut taken = Vec::new();
        for (size, align, stays) in blocks {
            let layout = Layout::from_size_align(size, 1 << align).unwrap();
            let Ok(block) = heap.take(layout) else { continue };
            // Holes between what stays.
            if stays { taken.push((block, layout)) } else { give_back(&heap, block, layout) }
        }
        // Full, to the last 32 bytes.
        for size in [4000, 500, 60, 1] {
            let layout = Layout::from_size_align(size, 1).unwrap();
            taken.extend(full_of(&heap, layout).into_iter().map(|block| (block, layout)));
        }
        let (block, layout) = taken.swap_remove(freed.index(taken.len()));
        give_back(&heap, block, layout);
        let again = heap.take(layout);
        prop_assert!(again.is_ok(), "{layout:?}: {again:?}");
        taken.push((again.unwrap(), layout));
        heap.check();
        taken.into_iter().for_each(|(block, layout)| give_back(&heap, block, layout));
        heap.check();
        prop_assert_eq!(heap.stats().free, heap.stats().capacity, "nothing is lost");
    }

    #[test]
    #[cfg_attr(target_family = "wasm", ignore = "needs threads")]
    fn so_it_does_with_boxes_that_die_on_another_thread(steps in steps(STEPS)) {
        let heap = RtHeap::new(HEAP);
        let mut shadow = Shadow::new();
        std::thread::scope(|threads| {
            let (sender, receiver) = channel::<Vec<(HBox<[u8], RtHeap>, u8)>>();
            threads.spawn(move || {
                for (value, fill) in receiver.iter().flatten() {
                    assert!(value.iter().all(|byte| *byte == fill));
                }
            });
            for steps in steps.chunks(8) {
                shadow.run(&heap, steps);
                let half = shadow.live.len() / 2;
                sender.send(shadow.live.split_off(half)).unwrap();
            }
        });
        shadow.check_contents();
        heap.drain(usize::MAX);
        heap.check();
        prop_assert_eq!(heap.stats().used, shadow.bytes());
    }

    #[test]
    fn the_system_agrees_with_its_shadow(steps in steps(STEPS)) {
        Shadow::new().run(&memzone::System, &steps);
    }

    #[test]
    #[cfg_attr(miri, ignore = "the allocator makes pointers of integers")]
    fn a_buddy_system_agrees_with_its_shadow(steps in steps(STEPS)) {
        let heap = buddy();
        let mut shadow = Shadow::new();
        shadow.run(&heap, &steps);
        let asked = heap.0.0.borrow().stats_alloc_user();
        prop_assert_eq!(asked, shadow.bytes());
        shadow.check_contents();
        drop(shadow);
        let whole = halloc_slice_in(&heap, ARENA / 4, 1_u8);
        prop_assert!(whole.is_ok(), "nothing is lost");
    }

    #[test]
    fn a_free_list_agrees_with_its_shadow(steps in steps(STEPS)) {
        let heap = free_list();
        let mut shadow = Shadow::new();
        shadow.run(&heap, &steps);
        shadow.check_contents();
        let used = heap.0.0.borrow().used();
        prop_assert!(used >= shadow.bytes());
        drop(shadow);
        prop_assert_eq!(heap.0.0.borrow().used(), 0, "nothing is lost");
    }
}

/// A cheap source of the same numbers every time.
fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as usize % below
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_million_operations_keep_the_heap_whole() {
    let operations = match (cfg!(miri), cfg!(debug_assertions)) {
        (true, _) => 60,
        (_, true) => 30_000,
        _ => 1_000_000,
    };
    let heap = RtHeap::new(if cfg!(miri) { 16 << 10 } else { 256 << 10 });
    let mut number = numbers();
    let mut shadow = Shadow::new();
    let (sender, receiver) = channel::<(HBox<[u8], RtHeap>, u8)>();
    let thread = std::thread::spawn(move || {
        receiver.iter().map(|(value, fill)| assert!(value.iter().all(|b| *b == fill))).count()
    });
    let mut sent = 0;
    for operation in 0..operations {
        let step = match number(10) {
            0..5 => Step::Take([8, 100, 3000][number(3)] + number(50), number(256) as u8),
            5..9 => Step::Free(number(1 << 20)),
            _ => Step::Write(number(1 << 20), number(256) as u8),
        };
        shadow.step(&heap, &step);
        if number(7) == 0 && !shadow.live.is_empty() {
            let index = number(shadow.live.len());
            sender.send(shadow.live.swap_remove(index)).unwrap();
            sent += 1;
        }
        if operation % (operations / 20) == 0 {
            heap.check();
        }
    }
    drop(sender);
    assert_eq!(thread.join().unwrap(), sent);
    shadow.check_contents();
    drop(shadow);
    heap.drain(usize::MAX);
    heap.check();
    let stats = heap.stats();
    assert_eq!((stats.used, stats.free), (0, stats.capacity));
}

#[test]
fn boxes_are_sendable_as_their_origin_is() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<HBox<u8>>();
    is_sync::<HBox<u8, RtHeap>>();
    is_send::<HBox<[u8], RtHeap>>();
    is_send::<SendHeap>();
}
