//! What the threads that use a heap share: who owns the heap, which blocks are on their way back, and who ends it.
//!
//! The list of blocks is lock-free. Any thread can push one block at a time. Only the owner takes blocks, and always
//! the whole list. So no two threads ever read a node, and there is no ABA problem.
//!
//! The owner counts its live blocks without atomics. When the heap is dropped, the owner closes the list, which takes
//! one more swap, and adds the number of blocks that still live to an atomic count. From then on, every block that is
//! freed counts it down. Whoever reaches zero ends the heap.

use core::ptr::{NonNull, null_mut};

#[cfg(not(loom))]
use crate::system::counters::AtomicU64;
#[cfg(not(loom))]
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
#[cfg(loom)]
use loom::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

/// The token of no thread.
pub(crate) const NOBODY: u64 = 0;

/// What the count of outside blocks starts with, while the heap has not ended. It is more than there can be blocks.
const NOT_ENDED: usize = usize::MAX / 2;

/// What a freed block holds while it waits in the list. It fits into the heap's smallest block.
pub(crate) struct Node {
    next: *mut Node,
    /// The block's size and alignment, as the heap's owner needs them to free it.
    pub(crate) bytes: usize,
}

/// The part of a heap that all threads may touch.
pub(crate) struct Remote {
    /// The token of the thread that owns the heap. It is `NOBODY` while the heap goes to another thread, and after its
    /// end. A thread that reads its own token here is the owner, as only the owner replaces it.
    owner: AtomicU64,
    /// The list of freed blocks. New nodes come first.
    head: AtomicPtr<Node>,
    /// Before `settle`, this is `NOT_ENDED` less the blocks that found the list closed. After it, this is the number of
    /// blocks that live.
    outside: AtomicUsize,
}

/// Stands for the closed list of a heap without an owner.
fn closed() -> *mut Node {
    core::ptr::without_provenance_mut(align_of::<Node>())
}

impl Remote {
    pub(crate) fn new(owner: u64) -> Remote {
        Remote {
            owner: AtomicU64::new(owner),
            head: AtomicPtr::new(null_mut()),
            outside: AtomicUsize::new(NOT_ENDED),
        }
    }

    /// Whether the heap belongs to the thread with this token, which is the caller's own.
    #[inline]
    pub(super) fn is_owner(&self, token: u64) -> bool {
        // Relaxed: a thread sees its own stores, and no other thread stores its token.
        self.owner.load(Ordering::Relaxed) == token
    }

    /// Gives the heap to a thread, or to nobody. Only the holder of the heap's one handle may call this.
    pub(super) fn set_owner(&self, token: u64) {
        // Relaxed: the handle itself goes from thread to thread, and that orders all else.
        self.owner.store(token, Ordering::Relaxed);
    }

    /// Adds a block. The result is `false` if the list is closed. The block still belongs to the caller then.
    ///
    /// # Safety
    ///
    /// `block` has room for a `Node` and is aligned for it. Only the caller has it, and gives it up.
    pub(crate) unsafe fn push(&self, block: NonNull<u8>, bytes: usize) -> bool {
        let node = block.cast::<Node>().as_ptr();
        // Relaxed: nothing is read through what is loaded here.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == closed() {
                return false;
            }
            // SAFETY: (I13) the caller's promise.
            unsafe { node.write(Node { next: head, bytes }) };
            // Release: whoever takes the list sees the node, and all that was done with the block before. The release
            // sequence does the same for the nodes that were pushed earlier.
            let pushed =
                self.head.compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed);
            match pushed {
                Ok(_) => return true,
                Err(now) => head = now,
            }
        }
    }

    /// Whether this thread sees no block in the list.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: nothing is read through the pointer.
        self.head.load(Ordering::Relaxed).is_null()
    }

    /// Takes all blocks off the list.
    ///
    /// # Safety
    ///
    /// Only the owner may call this, and not after `close`.
    #[inline]
    pub(crate) unsafe fn take(&self) -> Taken {
        // This spares the atomic exchange if there is nothing.
        if self.is_empty() {
            return Taken::default();
        }
        // Acquire: see `push`.
        Taken { head: self.head.swap(null_mut(), Ordering::Acquire) }
    }

    /// Takes all blocks off the list and closes it. Nobody owns the heap afterwards, and `settle` must follow.
    ///
    /// # Safety
    ///
    /// Only the holder of the heap's one handle may call this, and only once.
    pub(super) unsafe fn close(&self) -> Taken {
        self.set_owner(NOBODY);
        // Acquire: see `push`. Release: whoever sees the closed list sees the heap as the owner left it.
        Taken { head: self.head.swap(closed(), Ordering::AcqRel) }
    }

    /// Adds the blocks that are alive after `close`: `live` is the number of those that were neither freed nor in the
    /// list. The result is `true` if all of them were freed meanwhile. The caller must end the heap then.
    pub(super) fn settle(&self, live: usize) -> bool {
        let less = NOT_ENDED - live;
        self.is_last(self.outside.fetch_sub(less, Ordering::Release) == less)
    }

    /// Counts a block that was freed and found the list closed. The result is `true` if it was the last one. The caller
    /// must end the heap then.
    pub(super) fn one_less(&self) -> bool {
        // Release: all that was done with the block comes before the end.
        self.is_last(self.outside.fetch_sub(1, Ordering::Release) == 1)
    }

    fn is_last(&self, last: bool) -> bool {
        if last {
            // Acquire: the end comes after all that the others did, as their subtractions form a release sequence. This
            // is a load and not a fence, so that ThreadSanitizer sees it.
            self.outside.load(Ordering::Acquire);
        }
        last
    }

    /// The number of blocks in the list.
    ///
    /// # Safety
    ///
    /// Only the owner may call this, and not after `close`.
    pub(crate) unsafe fn len(&self) -> usize {
        // Acquire: see `push`. The owner alone removes nodes, so those seen here stay.
        let waiting =
            core::mem::ManuallyDrop::new(Taken { head: self.head.load(Ordering::Acquire) });
        waiting.len()
    }
}

/// The blocks that were taken off the list. They belong to the owner.
pub(crate) struct Taken {
    head: *mut Node,
}

impl Default for Taken {
    fn default() -> Taken {
        Taken { head: null_mut() }
    }
}

impl Taken {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    pub(crate) fn len(&self) -> usize {
        let (mut len, mut node) = (0, self.head);
        while !node.is_null() {
            len += 1;
            // SAFETY: (I13) nodes in the list are whole, and not changed while they are in it.
            node = unsafe { (*node).next };
        }
        len
    }
}

impl Iterator for Taken {
    type Item = (NonNull<u8>, usize);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let node = NonNull::new(self.head)?;
        // SAFETY: (I13) the node was whole when it was pushed, and belongs to the owner since it was taken.
        let Node { next, bytes } = unsafe { node.read() };
        self.head = next;
        Some((node.cast(), bytes))
    }
}

#[cfg(all(test, loom))]
mod tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::thread;

    /// A block with content that was written before the block was freed.
    #[repr(C)]
    struct Block {
        node: [usize; 2],
        content: UnsafeCell<u32>,
    }

    fn block(content: u32) -> NonNull<Block> {
        let block = Block { node: [0; 2], content: UnsafeCell::new(content) };
        NonNull::from(Box::leak(Box::new(block)))
    }

    /// Reads a block's content and frees it.
    fn finish(block: NonNull<u8>) -> u32 {
        // SAFETY: the block was leaked in `block`, and only whoever took it off the list has it.
        let block = unsafe { Box::from_raw(block.cast::<Block>().as_ptr()) };
        // SAFETY: nobody else uses it meanwhile, which loom checks.
        block.content.with(|content| unsafe { *content })
    }

    /// Writes to a block, as its last user would, and frees it. The result is `false` if the list was closed.
    fn free(list: &Remote, content: u32) -> bool {
        let block = block(0);
        // SAFETY: just made.
        let content_of = unsafe { block.as_ref() };
        // SAFETY: nobody else uses it meanwhile, which loom checks.
        content_of.content.with_mut(|place| unsafe { *place = content });
        // SAFETY: the block begins with room for a node, and is given up.
        let pushed = unsafe { list.push(block.cast(), content as usize) };
        if !pushed {
            finish(block.cast());
        }
        pushed
    }

    #[test]
    fn all_blocks_arrive_whole_and_once() {
        loom::model(|| {
            let list = Arc::new(Remote::new(1));
            let threads: Vec<_> = [1_u32, 2]
                .map(|n| {
                    let list = Arc::clone(&list);
                    thread::spawn(move || assert!(free(&list, n)))
                })
                .into();
            let mut seen = Vec::new();
            let take = |seen: &mut Vec<u32>| {
                // SAFETY: this is the only thread that takes.
                for (block, bytes) in unsafe { list.take() } {
                    let content = finish(block);
                    assert_eq!(content as usize, bytes);
                    seen.push(content);
                }
            };
            take(&mut seen);
            for thread in threads {
                thread.join().unwrap();
            }
            take(&mut seen);
            seen.sort_unstable();
            assert_eq!(seen, [1, 2]);
        });
    }

    #[test]
    fn the_heap_is_ended_once_when_the_last_block_is_gone() {
        loom::model(|| {
            let remote = Arc::new(Remote::new(1));
            let ended = Arc::new(UnsafeCell::new(0_u32));
            let end = |remote: &Remote, ended: &UnsafeCell<u32>| {
                assert!(!remote.is_owner(1), "it is nobody's by then");
                // SAFETY: nobody else uses it meanwhile, which loom checks.
                ended.with_mut(|ended| unsafe { *ended += 1 });
            };
            let threads: Vec<_> = [1_u32, 2]
                .map(|n| {
                    let (remote, ended) = (Arc::clone(&remote), Arc::clone(&ended));
                    thread::spawn(move || {
                        if !free(&remote, n) && remote.one_less() {
                            end(&remote, &ended);
                        }
                    })
                })
                .into();
            // The owner has counted the two blocks.
            // SAFETY: this is the only thread that takes, and it closes once.
            let back = unsafe { remote.close() }.map(|(block, _)| finish(block)).count();
            if remote.settle(2 - back) {
                end(&remote, &ended);
            }
            for thread in threads {
                thread.join().unwrap();
            }
            // SAFETY: nobody else uses it meanwhile, which loom checks.
            ended.with(|ended| assert_eq!(unsafe { *ended }, 1));
        });
    }
}
