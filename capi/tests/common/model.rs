//! Random programs over the functions of the C interface, against a model of what must be there and what must be refused.
//!
//! A program is a list of bytes. Used by `tests/model.rs` and by `fuzz/fuzz_targets/capi.rs`.

#![allow(unreachable_pub)]

use memzone_capi::mz_error::{
    MZ_ERROR_ALIGNMENT, MZ_ERROR_FREED, MZ_ERROR_IN_USE, MZ_ERROR_INVALID, MZ_ERROR_LIMIT_REACHED,
    MZ_ERROR_NO_SCOPE, MZ_ERROR_NULL, MZ_ERROR_OUT_OF_ORDER, MZ_ERROR_SCOPE_ACTIVE,
    MZ_ERROR_STACK_EMPTY, MZ_ERROR_TOO_LARGE, MZ_ERROR_WRONG_THREAD, MZ_ERROR_ZERO_SIZE, MZ_OK,
};
use memzone_capi::*;
use std::ffi::c_void;
use std::ptr::{null, null_mut};
use std::thread;

/// Memory that was given out, full of its own byte.
struct Filled {
    start: *mut u8,
    len: usize,
    tag: u8,
}

impl Filled {
    fn new(start: *mut c_void, len: usize, tag: u8) -> Filled {
        let start = start.cast::<u8>();
        // SAFETY: (I60) the interface has just given out this memory.
        unsafe { start.write_bytes(tag, len) };
        Filled { start, len, tag }
    }

    fn check(&self) {
        // SAFETY: (I60) the model knows that the memory was not taken back.
        let bytes = unsafe { std::slice::from_raw_parts(self.start, self.len) };
        assert!(bytes.iter().all(|byte| *byte == self.tag), "memory was given out twice");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Sent,
    Freed,
}

/// What a zone holds.
#[derive(Default)]
struct Content {
    filled: Vec<Filled>,
    /// The hooks that wait for its end.
    hooks: usize,
}

struct ZoneModel {
    handle: *mut mz_zone,
    whose: Whose,
    content: Content,
    pushed: usize,
    is_fixed: bool,
}

enum Entry {
    Zone(usize),
    Scope(*mut mz_scope, Content),
}

#[derive(Default)]
struct Model {
    zones: Vec<ZoneModel>,
    stack: Vec<Entry>,
    of_default_zone: Vec<Filled>,
    scopes_left: Vec<*mut mz_scope>,
    blocks: Vec<Filled>,
    heap: Option<*mut mz_heap>,
    hooks_ran: Box<usize>,
    hooks_expected: usize,
    tag: u8,
}

/// A handle that another thread is shown.
#[derive(Clone, Copy)]
struct Shown<T>(*mut T);

// SAFETY: (I60) the other thread only asks, and is refused.
unsafe impl<T> Send for Shown<T> {}

impl<T> Shown<T> {
    fn get(self) -> *mut T {
        self.0
    }
}

extern "C" fn count(data: *mut c_void) {
    // SAFETY: (I60) it is the model's counter, which outlives all zones.
    unsafe { *data.cast::<usize>() += 1 };
}

/// The bytes of a program. After its end all are 0.
struct Program<'a>(&'a [u8]);

impl Program<'_> {
    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }

    fn size(&mut self) -> usize {
        match self.byte() {
            0 => 0,
            1 => usize::MAX,
            2 => isize::MAX as usize,
            3 => isize::MAX as usize - 4096,
            small @ 4..224 => small,
            large => (large - 223) * 1000,
        }
    }

    fn alignment(&mut self) -> usize {
        match self.byte() {
            0 => 0,
            1 => 3,
            2 => 8192,
            3 => usize::MAX,
            other => 1 << (other % 13),
        }
    }
}

/// The code with which a request for memory is refused whatever the zone, if it is.
fn refusal(size: usize, alignment: usize) -> Option<mz_error> {
    if size == 0 {
        return Some(MZ_ERROR_ZERO_SIZE);
    }
    if !alignment.is_power_of_two() || alignment > 4096 {
        return Some(MZ_ERROR_ALIGNMENT);
    }
    (size > 1 << 40).then_some(MZ_ERROR_TOO_LARGE)
}

impl Model {
    fn next_tag(&mut self) -> u8 {
        self.tag = self.tag.wrapping_add(1);
        self.tag
    }

    /// What a request for memory must give: memory, or this code.
    fn got(
        &mut self,
        place: *mut c_void,
        size: usize,
        alignment: usize,
        refused: Option<mz_error>,
        may_be_full: bool,
    ) -> Option<Filled> {
        if let Some(code) = refused.or(refusal(size, alignment)) {
            assert!(place.is_null());
            assert_eq!(mz_last_error(), code);
            return None;
        }
        if place.is_null() && may_be_full {
            assert_eq!(mz_last_error(), MZ_ERROR_LIMIT_REACHED);
            return None;
        }
        assert!(!place.is_null(), "{:?}", mz_last_error());
        assert_eq!(place.addr() % alignment, 0);
        let tag = self.next_tag();
        Some(Filled::new(place, size, tag))
    }

    fn ended(&mut self, content: Content) {
        content.filled.iter().for_each(Filled::check);
        self.hooks_expected += content.hooks;
        assert_eq!(*self.hooks_ran, self.hooks_expected);
    }

    fn refused_by(&self, zone: usize) -> Option<mz_error> {
        match self.zones[zone].whose {
            Whose::Ours => None,
            Whose::Sent => Some(MZ_ERROR_WRONG_THREAD),
            Whose::Freed => Some(MZ_ERROR_FREED),
        }
    }

    fn new_zone(&mut self, program: &mut Program<'_>) {
        if self.zones.len() >= 200 {
            return;
        }
        let capacity = program.byte() * 20;
        let is_fixed = program.byte() % 4 == 0;
        let flags = if is_fixed { MZ_FIXED } else { 0 };
        let options = mz_zone_options { capacity, limit: 0, flags, name: null() };
        // SAFETY: (I60) these are options without a name.
        let handle = unsafe { mz_zone_build(&options) };
        assert!(!handle.is_null());
        // A handle that was freed long ago is used again.
        let is_used = |zone: &ZoneModel| zone.handle == handle;
        for old in self.zones.iter_mut().filter(|zone| is_used(zone)) {
            assert_eq!(old.whose, Whose::Freed);
            old.handle = null_mut();
        }
        let (whose, content) = (Whose::Ours, Content::default());
        self.zones.push(ZoneModel { handle, whose, content, pushed: 0, is_fixed });
    }

    fn free(&mut self, zone: usize) {
        let expected = match (self.refused_by(zone), self.zones[zone].pushed) {
            (Some(code), _) => code,
            (None, 0) => MZ_OK,
            (None, _) => MZ_ERROR_IN_USE,
        };
        if expected == MZ_OK {
            self.zones[zone].content.filled.iter().for_each(Filled::check);
        }
        // SAFETY: (I60) it is a handle of the library's, and the model uses nothing of the zone's any more.
        assert_eq!(unsafe { mz_zone_free(self.zones[zone].handle) }, expected);
        if expected == MZ_OK {
            self.zones[zone].whose = Whose::Freed;
            let mut content = std::mem::take(&mut self.zones[zone].content);
            content.filled.clear();
            self.ended(content);
        }
    }

    fn leave(&mut self, scope: *mut mz_scope) {
        let at = self
            .stack
            .iter()
            .position(|entry| matches!(entry, Entry::Scope(own, _) if *own == scope));
        let expected = match at {
            None if scope.is_null() => MZ_ERROR_NULL,
            None => MZ_ERROR_NO_SCOPE,
            Some(at) if at + 1 == self.stack.len() => MZ_OK,
            Some(_) => MZ_ERROR_OUT_OF_ORDER,
        };
        if let (Some(Entry::Scope(_, content)), MZ_OK) = (self.stack.last(), expected) {
            content.filled.iter().for_each(Filled::check);
        }
        // SAFETY: (I60) the model uses nothing of the scope's any more.
        assert_eq!(unsafe { mz_scope_leave(scope) }, expected);
        if expected == MZ_OK {
            if let Some(Entry::Scope(_, mut content)) = self.stack.pop() {
                content.filled.clear();
                self.ended(content);
            }
            self.scopes_left.push(scope);
        }
    }

    fn pop(&mut self) {
        let mut handle = null_mut();
        // SAFETY: (I60) the place is a local variable.
        let code = unsafe { mz_pop(&mut handle) };
        match self.stack.last() {
            None => assert_eq!(code, MZ_ERROR_STACK_EMPTY),
            Some(Entry::Scope(..)) => assert_eq!(code, MZ_ERROR_SCOPE_ACTIVE),
            Some(&Entry::Zone(zone)) => {
                assert_eq!((code, handle), (MZ_OK, self.zones[zone].handle));
                self.zones[zone].pushed -= 1;
                self.stack.pop();
            }
        }
    }

    /// What is allocated in the current zone, and whether the zone may be full.
    fn current(&mut self) -> (&mut Vec<Filled>, bool) {
        match self.stack.last_mut() {
            None => (&mut self.of_default_zone, false),
            Some(Entry::Scope(_, content)) => (&mut content.filled, false),
            Some(&mut Entry::Zone(zone)) => {
                let zone = &mut self.zones[zone];
                (&mut zone.content.filled, zone.is_fixed)
            }
        }
    }

    /// On another thread everything is refused.
    fn elsewhere(&self, zone: usize) {
        let expected = self.refused_by(zone).unwrap_or(MZ_ERROR_WRONG_THREAD);
        if self.zones[zone].whose == Whose::Sent {
            return;
        }
        let shown = Shown(self.zones[zone].handle);
        let scope = self.stack.iter().find_map(|entry| match entry {
            Entry::Scope(scope, _) => Some(Shown(*scope)),
            Entry::Zone(_) => None,
        });
        let other = thread::spawn(move || {
            let handle = shown.get();
            // SAFETY: (I60) it is a handle of the library's.
            assert!(unsafe { mz_zone_alloc(handle, 8, 8) }.is_null());
            assert_eq!(mz_last_error(), expected);
            // SAFETY: (I60) as above.
            assert_eq!(unsafe { mz_zone_free(handle) }, expected);
            // SAFETY: (I60) as above.
            assert_eq!(unsafe { mz_push(handle) }, expected);
            // SAFETY: (I60) as above.
            assert_eq!(unsafe { mz_zone_receive(handle) }, expected);
            if let Some(scope) = scope {
                // SAFETY: (I60) it is refused.
                assert_eq!(unsafe { mz_scope_leave(scope.get()) }, MZ_ERROR_NO_SCOPE);
            }
        });
        other.join().unwrap();
    }

    fn step(&mut self, program: &mut Program<'_>) {
        let kind = program.byte() % 20;
        let zone = match self.zones.len() {
            0 => return self.new_zone(program),
            len => program.byte() % len,
        };
        let handle = self.zones[zone].handle;
        if handle.is_null() {
            // Its handle is another zone's now.
            return;
        }
        match kind {
            0 => self.new_zone(program),
            1..=3 => {
                let (size, alignment) = (program.size(), program.alignment());
                // SAFETY: (I60) it is a handle of the library's.
                let place = unsafe { mz_zone_alloc(handle, size, alignment) };
                // What is wrong with the request is said first.
                let refused = refusal(size, alignment).or(self.refused_by(zone));
                let is_fixed = self.zones[zone].is_fixed;
                let filled = self.got(place, size, alignment, refused, is_fixed);
                if filled.is_some() {
                    // SAFETY: (I60) as above.
                    assert!(unsafe { mz_zone_contains(handle, place) });
                }
                self.zones[zone].content.filled.extend(filled);
            }
            4 => {
                let expected = self.refused_by(zone).unwrap_or(MZ_OK);
                if expected == MZ_OK {
                    self.zones[zone].content.filled.drain(..).for_each(|filled| filled.check());
                }
                // SAFETY: (I60) the model uses nothing of the zone's any more.
                assert_eq!(unsafe { mz_zone_reset(handle) }, expected);
                if expected == MZ_OK {
                    // SAFETY: (I60) as above.
                    assert_eq!(unsafe { mz_zone_used(handle) }, 0);
                    let content = std::mem::take(&mut self.zones[zone].content);
                    self.ended(content);
                }
            }
            5 => self.free(zone),
            6 | 7 => {
                let expected = self.refused_by(zone).unwrap_or(MZ_OK);
                // SAFETY: (I60) it is a handle of the library's.
                assert_eq!(unsafe { mz_push(handle) }, expected);
                if expected == MZ_OK {
                    self.zones[zone].pushed += 1;
                    self.stack.push(Entry::Zone(zone));
                    assert_eq!(mz_peek(), handle);
                }
            }
            8 => self.pop(),
            9 | 10 => {
                let scope = mz_scope_enter(program.byte() * 100);
                assert!(!scope.is_null());
                self.stack.push(Entry::Scope(scope, Content::default()));
                assert_eq!(mz_peek(), mz_current_zone());
            }
            11 => {
                let innermost = self.stack.last().map(|entry| match entry {
                    Entry::Scope(scope, _) => *scope,
                    Entry::Zone(_) => null_mut(),
                });
                self.leave(innermost.unwrap_or(null_mut()));
            }
            12 => {
                let at = program.byte();
                let scope = match self.stack.get(at % self.stack.len().max(1)) {
                    Some(Entry::Scope(scope, _)) => *scope,
                    _ => self.scopes_left.get(at % 8).copied().unwrap_or(null_mut()),
                };
                self.leave(scope);
            }
            13 => {
                let (size, alignment) = (program.size(), program.alignment());
                let place = mz_alloc(size, alignment);
                let may_be_full = self.current().1;
                let filled = self.got(place, size, alignment, None, may_be_full);
                self.current().0.extend(filled);
            }
            14 => {
                let (size, alignment, at) = (program.size(), program.alignment(), program.byte());
                let at = at % self.stack.len().max(1);
                let Some(Entry::Scope(scope, _)) = self.stack.get(at) else { return };
                let place = mz_scope_alloc(*scope, size, alignment);
                let filled = self.got(place, size, alignment, None, false);
                if let Some(Entry::Scope(_, content)) = self.stack.get_mut(at) {
                    content.filled.extend(filled);
                }
            }
            15 => {
                let expected = self.refused_by(zone);
                let data = (&raw mut *self.hooks_ran).cast::<c_void>();
                // SAFETY: (I60) the counter outlives the zone, whose hooks run on this thread.
                let code = unsafe { mz_zone_on_cleanup(handle, Some(count), data) };
                if code != MZ_ERROR_LIMIT_REACHED || !self.zones[zone].is_fixed {
                    assert_eq!(code, expected.unwrap_or(MZ_OK));
                    self.zones[zone].content.hooks += usize::from(code == MZ_OK);
                }
            }
            16 => {
                let expected = match (self.refused_by(zone), self.zones[zone].pushed) {
                    (Some(code), _) => code,
                    (None, 0) => MZ_OK,
                    (None, _) => MZ_ERROR_IN_USE,
                };
                // SAFETY: (I60) it is a handle of the library's.
                assert_eq!(unsafe { mz_zone_send(handle) }, expected);
                if expected == MZ_OK {
                    self.zones[zone].whose = Whose::Sent;
                }
            }
            17 => {
                let expected = match self.zones[zone].whose {
                    Whose::Sent => MZ_OK,
                    Whose::Ours => MZ_ERROR_INVALID,
                    Whose::Freed => MZ_ERROR_FREED,
                };
                // SAFETY: (I60) it is a handle of the library's.
                assert_eq!(unsafe { mz_zone_receive(handle) }, expected);
                if expected == MZ_OK {
                    self.zones[zone].whose = Whose::Ours;
                }
            }
            18 => self.block(program),
            _ => self.elsewhere(zone),
        }
        assert_eq!(mz_depth(), self.stack.len());
    }

    /// Takes a block of the heap, or gives one back.
    fn block(&mut self, program: &mut Program<'_>) {
        let heap = *self.heap.get_or_insert_with(|| mz_heap_new(100_000));
        assert!(!heap.is_null());
        let at = program.byte();
        if at % 2 == 0 && !self.blocks.is_empty() {
            let block = self.blocks.swap_remove(at % self.blocks.len());
            block.check();
            let start = block.start.cast::<c_void>();
            let give_back = move || {
                // SAFETY: (I60) the model does not use the block any more.
                unsafe { mz_heap_dealloc(start) }
            };
            assert_eq!(give_back(), MZ_OK);
            assert_eq!(give_back(), MZ_ERROR_FREED);
            return;
        }
        let (size, alignment) = (program.size(), program.alignment());
        // SAFETY: (I60) it is a handle of the library's.
        let place = unsafe { mz_heap_alloc(heap, size, alignment) };
        let filled = self.got(place, size, alignment, None, true);
        self.blocks.extend(filled);
    }

    fn end(&mut self) {
        while let Some(top) = self.stack.last() {
            match top {
                Entry::Zone(_) => self.pop(),
                Entry::Scope(scope, _) => {
                    let scope = *scope;
                    self.leave(scope);
                }
            }
        }
        self.of_default_zone.iter().for_each(Filled::check);
        for zone in 0..self.zones.len() {
            let ZoneModel { handle, whose, .. } = self.zones[zone];
            if handle.is_null() || whose == Whose::Freed {
                continue;
            }
            if whose == Whose::Sent {
                // SAFETY: (I60) it is a handle of the library's.
                assert_eq!(unsafe { mz_zone_receive(handle) }, MZ_OK);
                self.zones[zone].whose = Whose::Ours;
            }
            self.free(zone);
        }
        for block in self.blocks.drain(..) {
            block.check();
            // SAFETY: (I60) the model does not use the block any more.
            assert_eq!(unsafe { mz_heap_dealloc(block.start.cast()) }, MZ_OK);
        }
        // SAFETY: (I60) it is a handle of the library's, or null.
        assert_eq!(unsafe { mz_heap_free(self.heap.unwrap_or(null_mut())) }, MZ_OK);
    }
}

/// Runs a program, and ends all that it has left.
pub fn run(program: &[u8]) {
    let mut program = Program(program);
    let mut model = Model::default();
    while !program.0.is_empty() {
        model.step(&mut program);
    }
    model.end();
}
