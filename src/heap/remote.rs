//! Blocks on their way back to the heap from other threads: a lock-free list.
//!
//! Any thread pushes, one at a time per atomic operation; only the owner takes, and always the whole
//! list, so that no node is ever read by two (and there is no ABA problem). Closing the list, when
//! the heap's owner goes, is one more swap.

use core::ptr::{NonNull, null_mut};

#[cfg(loom)]
use loom::sync::atomic::{AtomicPtr, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicPtr, Ordering};

/// What a freed block holds while it waits. Fits into the smallest block of the heap.
pub(super) struct Node {
    next: *mut Node,
    /// What the next owner needs to know to free it.
    pub(super) bytes: usize,
}

/// The list. New nodes come first.
pub(super) struct Remote {
    head: AtomicPtr<Node>,
}

/// Stands for the list of a heap whose owner is gone.
fn closed() -> *mut Node {
    core::ptr::without_provenance_mut(align_of::<Node>())
}

impl Remote {
    pub(super) fn new() -> Remote {
        Remote { head: AtomicPtr::new(null_mut()) }
    }

    /// Adds a block. False: the list is closed, and the block is still the caller's.
    ///
    /// # Safety
    ///
    /// `block` has room for a `Node`, aligned, and is the caller's alone, who gives it up.
    pub(super) unsafe fn push(&self, block: NonNull<u8>, bytes: usize) -> bool {
        let node = block.cast::<Node>().as_ptr();
        // Relaxed: nothing is read through what is loaded here.
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            if head == closed() {
                return false;
            }
            // SAFETY: the caller's promise.
            unsafe { node.write(Node { next: head, bytes }) };
            // Release: whoever takes the list sees the node, and all that was done with the block
            // before. Nodes pushed earlier are passed on by the release sequence.
            let pushed = self.head.compare_exchange_weak(
                head,
                node,
                Ordering::Release,
                Ordering::Relaxed,
            );
            match pushed {
                Ok(_) => return true,
                Err(now) => head = now,
            }
        }
    }

    /// Takes all blocks that wait.
    ///
    /// # Safety
    ///
    /// For the owner only, and not after `close`.
    #[inline]
    pub(super) unsafe fn take(&self) -> Taken {
        // Relaxed: only to spare the atomic operation where there is nothing.
        if self.head.load(Ordering::Relaxed).is_null() {
            return Taken::default();
        }
        // Acquire: see `push`.
        Taken { head: self.head.swap(null_mut(), Ordering::Acquire) }
    }

    /// Takes all blocks that wait and lets no more come.
    ///
    /// # Safety
    ///
    /// For the owner only, once.
    pub(super) unsafe fn close(&self) -> Taken {
        // Acquire: see `push`. Release: who sees the list closed sees the heap as it was left.
        Taken { head: self.head.swap(closed(), Ordering::AcqRel) }
    }

    /// How many blocks wait.
    ///
    /// # Safety
    ///
    /// For the owner only, and not after `close`.
    pub(super) unsafe fn len(&self) -> usize {
        // Acquire: see `push`. The owner alone removes nodes, so those seen here stay.
        let waiting = core::mem::ManuallyDrop::new(Taken { head: self.head.load(Ordering::Acquire) });
        waiting.len()
    }
}

/// Blocks taken off the list. They are the owner's.
pub(super) struct Taken {
    head: *mut Node,
}

impl Default for Taken {
    fn default() -> Taken {
        Taken { head: null_mut() }
    }
}

impl Taken {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    pub(super) fn len(&self) -> usize {
        let (mut len, mut node) = (0, self.head);
        while !node.is_null() {
            len += 1;
            // SAFETY: nodes in the list are whole, and not changed while they are in it.
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
        // SAFETY: the node was whole when it was pushed, and is ours since it was taken.
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

    /// A block with something in it that was written before it was freed.
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
        let block = unsafe { Box::from_raw(block.cast::<Block>().as_ptr()) };
        block.content.with(|content| unsafe { *content })
    }

    /// Writes to a block, as its last user does, and gives it up.
    fn free(list: &Remote, content: u32) -> bool {
        let block = block(0);
        unsafe { block.as_ref() }.content.with_mut(|place| unsafe { *place = content });
        let pushed = unsafe { list.push(block.cast(), content as usize) };
        if !pushed {
            finish(block.cast());
        }
        pushed
    }

    #[test]
    fn all_blocks_arrive_whole_and_once() {
        loom::model(|| {
            let list = Arc::new(Remote::new());
            let threads: Vec<_> = [1_u32, 2]
                .map(|n| {
                    let list = Arc::clone(&list);
                    thread::spawn(move || assert!(free(&list, n)))
                })
                .into();
            let mut seen = Vec::new();
            let take = |seen: &mut Vec<u32>| {
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
    fn a_block_is_either_taken_at_the_close_or_stays_with_its_thread() {
        loom::model(|| {
            let list = Arc::new(Remote::new());
            let pusher = {
                let list = Arc::clone(&list);
                thread::spawn(move || [free(&list, 1), free(&list, 2)])
            };
            let taken: Vec<u32> = unsafe { list.close() }.map(|(block, _)| finish(block)).collect();
            let pushed = pusher.join().unwrap();
            assert_eq!(taken.len(), pushed.iter().filter(|pushed| **pushed).count());
            assert!(!pushed[1] || pushed[0], "once closed, it stays closed");
        });
    }
}
