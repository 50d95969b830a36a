//! What threads share of a heap, beside the list of blocks that come back: who owns it, and the list of what its owner
//! has put aside.

use core::ptr::{NonNull, null_mut};

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Whether a thread owns a heap. A heap without an owner may be taken over by any thread.
pub(super) struct Ownership(AtomicBool);

impl Ownership {
    /// The caller owns it.
    pub(super) fn mine() -> Ownership {
        Ownership(AtomicBool::new(true))
    }

    /// Takes the heap over, unless it is somebody's.
    pub(super) fn take_over(&self) -> bool {
        // Acquire: the new owner sees all that the last one did with the heap.
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Gives the heap up. Only its owner calls this, and does not touch it again.
    pub(super) fn give_up(&self) {
        // Release: see `take_over`.
        self.0.store(false, Ordering::Release);
    }

    /// Whether the heap is somebody's now.
    pub(super) fn is_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a block holds while it is put aside. It may be aligned to anything.
#[repr(C)]
struct Node {
    next: *mut Node,
    /// The block's size and alignment, as it was taken.
    packed: usize,
}

/// The least size of a block that can be put aside.
pub(super) const NODE: usize = size_of::<Node>();

/// The blocks that a heap's owner has put aside. The owner adds them one by one. Whoever collects takes the whole list,
/// so no two threads ever have the same node, and there is no ABA problem.
pub(super) struct Aside(AtomicPtr<Node>);

impl Aside {
    pub(super) fn new() -> Aside {
        Aside(AtomicPtr::new(null_mut()))
    }

    /// Adds a block.
    ///
    /// # Safety
    ///
    /// I52: the block has room for a `Node`. Only the caller has it, and gives it up.
    pub(super) unsafe fn put(&self, block: NonNull<u8>, packed: usize) {
        let node = block.cast::<Node>().as_ptr();
        // Relaxed: nothing is read through what is loaded here.
        let mut next = self.0.load(Ordering::Relaxed);
        loop {
            // SAFETY: (I52) the caller's promise.
            unsafe { node.write_unaligned(Node { next, packed }) };
            // Release: whoever takes the list sees the node, and all that was done with the block before. The release
            // sequence does the same for the nodes before it.
            let put =
                self.0.compare_exchange_weak(next, node, Ordering::Release, Ordering::Relaxed);
            match put {
                Ok(_) => return,
                Err(now) => next = now,
            }
        }
    }

    /// Takes all blocks off the list. They belong to the caller.
    pub(super) fn take(&self) -> PutAside {
        // This spares the atomic exchange if there is nothing.
        if self.0.load(Ordering::Relaxed).is_null() {
            return PutAside(null_mut());
        }
        // Acquire: see `put`.
        PutAside(self.0.swap(null_mut(), Ordering::Acquire))
    }
}

/// The blocks that were taken off the list, each with its size and alignment.
pub(super) struct PutAside(*mut Node);

impl Iterator for PutAside {
    type Item = (NonNull<u8>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let node = NonNull::new(self.0)?;
        // SAFETY: (I52) the node was whole when it was put aside, and belongs to whoever took the list.
        let Node { next, packed } = unsafe { node.read_unaligned() };
        self.0 = next;
        Some((node.cast(), packed))
    }
}

#[cfg(all(test, loom))]
mod tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread;

    /// A block with content that was written before the block was put aside.
    #[repr(C)]
    struct Block {
        node: [usize; 2],
        content: UnsafeCell<u32>,
    }

    fn put(list: &Aside, content: u32) {
        let block = Box::new(Block { node: [0; 2], content: UnsafeCell::new(0) });
        // SAFETY: nobody else uses it meanwhile, which loom checks.
        block.content.with_mut(|place| unsafe { *place = content });
        let block = NonNull::from(Box::leak(block));
        // SAFETY: the block begins with room for a node, and is given up.
        unsafe { list.put(block.cast(), content as usize) };
    }

    fn collect(list: &Aside) -> Vec<u32> {
        let each = |(block, packed): (NonNull<u8>, usize)| {
            // SAFETY: the block was leaked in `put`, and only whoever took it off the list has it.
            let block = unsafe { Box::from_raw(block.cast::<Block>().as_ptr()) };
            // SAFETY: nobody else uses it meanwhile, which loom checks.
            let content = block.content.with(|content| unsafe { *content });
            assert_eq!(content as usize, packed);
            content
        };
        list.take().map(each).collect()
    }

    #[test]
    fn what_is_put_aside_is_collected_whole_and_once() {
        loom::model(|| {
            let list = Arc::new(Aside::new());
            let collectors: Vec<_> = [(), ()]
                .map(|()| {
                    let list = Arc::clone(&list);
                    thread::spawn(move || collect(&list))
                })
                .into();
            put(&list, 1);
            put(&list, 2);
            let mut seen: Vec<u32> =
                collectors.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
            seen.extend(collect(&list));
            seen.sort_unstable();
            assert_eq!(seen, [1, 2]);
        });
    }

    #[test]
    fn one_thread_at_a_time_owns_a_heap() {
        loom::model(|| {
            let heap = Arc::new((Ownership::mine(), UnsafeCell::new(0_u32)));
            let own = |heap: &(Ownership, UnsafeCell<u32>)| {
                // SAFETY: only the owner uses it, which loom checks.
                heap.1.with_mut(|count| unsafe { *count += 1 });
                heap.0.give_up();
            };
            let others: Vec<_> = [(), ()]
                .map(|()| {
                    let heap = Arc::clone(&heap);
                    thread::spawn(move || {
                        let taken = heap.0.take_over();
                        if taken {
                            own(&heap);
                        }
                        u32::from(taken)
                    })
                })
                .into();
            own(&heap);
            let taken: u32 = others.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert!(!heap.0.is_taken() && heap.0.take_over());
            // SAFETY: it is this thread's.
            heap.1.with(|count| assert_eq!(unsafe { *count }, 1 + taken));
        });
    }
}
