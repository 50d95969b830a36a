//! `RtAlloc` as the global allocator: two threads take, resize and free blocks of all sizes and alignments, in sections
//! and outside, hand them over, fill the heap, and end.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use memzone::RtAlloc;
use memzone::rt::{self, Plan, Policy, Section};
use std::alloc::Layout;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

#[global_allocator]
static MEMORY: RtAlloc = RtAlloc::system();

const HEAP: usize = 64 << 10;

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Op {
    Take {
        size: u16,
        align: u8,
        zeroed: bool,
    },
    Resize {
        which: u8,
        size: u16,
    },
    Free {
        which: u8,
    },
    /// To the other thread, whichever that is.
    Give {
        which: u8,
    },
    Get,
    Enter,
    Leave,
    Collect,
}

/// A block with a pattern in it, which is looked at whenever it is moved.
struct Block {
    at: *mut u8,
    layout: Layout,
    seed: u8,
}

// SAFETY: it owns its memory.
unsafe impl Send for Block {}

impl Block {
    fn new(size: u16, align: u8, zeroed: bool, seed: u8) -> Option<Block> {
        let layout = Layout::from_size_align(usize::from(size).max(1), 1 << (align % 14)).ok()?;
        // SAFETY: the size is not zero.
        let at = unsafe {
            if zeroed { std::alloc::alloc_zeroed(layout) } else { std::alloc::alloc(layout) }
        };
        assert!(!at.is_null() && at.addr() % layout.align() == 0);
        let mut block = Block { at, layout, seed };
        if zeroed {
            assert!(block.bytes().iter().all(|&byte| byte == 0));
        }
        block.fill();
        Some(block)
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: it was taken so.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.layout.size()) }
    }

    fn fill(&mut self) {
        let seed = self.seed;
        self.bytes().iter_mut().enumerate().for_each(|(n, byte)| *byte = seed ^ n as u8);
    }

    fn check(&mut self, len: usize) {
        let seed = self.seed;
        assert!(self.bytes()[..len].iter().enumerate().all(|(n, &byte)| byte == seed ^ n as u8));
    }

    fn resize(&mut self, size: u16) {
        let size = usize::from(size).max(1);
        let kept = self.layout.size().min(size);
        // SAFETY: it was taken so, and the size is not zero.
        self.at = unsafe { std::alloc::realloc(self.at, self.layout, size) };
        self.layout = Layout::from_size_align(size, self.layout.align()).expect("it is no larger");
        assert!(!self.at.is_null() && self.at.addr() % self.layout.align() == 0);
        self.check(kept);
        self.fill();
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check(self.layout.size());
        // SAFETY: it was taken so.
        unsafe { std::alloc::dealloc(self.at, self.layout) };
    }
}

fn play(ops: &[Op], get: &Receiver<Block>, give: &Sender<Block>) {
    let mut kept: Vec<Block> = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    for (n, &op) in ops.iter().enumerate() {
        let pick = |which: u8| usize::from(which) % kept.len().max(1);
        match op {
            Op::Take { size, align, zeroed } => {
                kept.extend(Block::new(size, align, zeroed, n as u8))
            }
            Op::Resize { which, size } => {
                let which = pick(which);
                if let Some(block) = kept.get_mut(which) {
                    block.resize(size);
                }
            }
            Op::Free { which } if !kept.is_empty() => drop(kept.swap_remove(pick(which))),
            Op::Give { which } if !kept.is_empty() => _ = give.send(kept.swap_remove(pick(which))),
            Op::Get => kept.extend(get.try_recv()),
            Op::Enter => sections.push(rt::enter_unwatched(Policy::Count)),
            Op::Leave => drop(sections.pop()),
            Op::Collect => _ = rt::collect(),
            Op::Free { .. } | Op::Give { .. } => {}
        }
    }
}

fuzz_target!(|input: (Vec<Op>, Vec<Op>, bool)| {
    let (mine, others, both) = input;
    fn prepare(heap: bool) {
        let plan = Plan::new().scopes(1, 4096).default_zone(0).stack(0).collector(false);
        let prepared = rt::prepare_thread(&plan.heap(if heap { HEAP } else { 0 }));
        assert_eq!(prepared.expect("there is memory").has_heap(), heap);
    }
    let (to_mine, from_others) = channel();
    let (to_others, from_mine) = channel();
    let other = thread::spawn(move || {
        prepare(both);
        play(&others, &from_mine, &to_mine);
    });
    let one = thread::spawn(move || {
        prepare(true);
        play(&mine, &from_others, &to_others);
    });
    other.join().expect("it ends");
    one.join().expect("it ends");
    // What is put aside is only known to heaps, in which LeakSanitizer does not look.
    rt::collect();
    assert_eq!(rt::collect(), 0);
});
