//! A model of zones, handles, the thread's stack and scopes: what must be alive, and with which content.
//!
//! Used by `tests/model.rs` and `fuzz/fuzz_targets/zones.rs`.

// Not every user uses all of it.
#![allow(dead_code, unreachable_pub)]

use allocator_api2::vec::Vec as ZoneVec;
use memzone::__private::Scope;
use memzone::rt::{self, Plan, Policy, Section};
use memzone::{
    DeepCopy, Parcel, ZBox, Zone, ZoneError, ZoneFn, beginz, letz, peek_zone, pop_zone, push_zone,
    try_beginz, try_letz, zone_depth,
};
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

/// One step. Indices are taken modulo what there is; a zone is one of the first ones, or the
/// innermost scope's.
#[derive(Clone, Debug)]
pub enum Op {
    Layout {
        zone: usize,
        size: usize,
        align: usize,
    },
    Slice {
        zone: usize,
        len: usize,
    },
    Text {
        zone: usize,
        len: usize,
    },
    Collected {
        zone: usize,
        len: usize,
    },
    Boxed {
        zone: usize,
        len: usize,
    },
    /// In the current zone.
    NewBox {
        len: usize,
    },
    DropBox {
        index: usize,
    },
    DropNewestBox,
    Clone {
        zone: usize,
    },
    DropClone {
        index: usize,
    },
    Reset {
        zone: usize,
    },
    Push {
        zone: usize,
    },
    Pop,
    Enter {
        bytes: usize,
    },
    Leave,
    /// The innermost scope or `Zone::enter` is left by a panic.
    Throw,
    /// A `Zone::enter` around what follows.
    Within {
        zone: usize,
    },
    /// A scope whose guard lies about, to be ended in any order.
    Open {
        bytes: usize,
    },
    End {
        index: usize,
    },
    /// A cleanup hook, which may panic.
    Hook {
        zone: usize,
        throws: bool,
    },
    /// A closure that makes items panics at one of them.
    Interrupted {
        zone: usize,
        len: usize,
        at: usize,
        how: u8,
    },
    /// A `ZBox` of a value with a destructor, which may panic.
    Value {
        zone: usize,
        throws: bool,
    },
    DropValue {
        index: usize,
        take: bool,
    },
    /// A new zone takes the place of one that is destroyed, or goes on without this handle.
    Renew {
        zone: usize,
        bytes: usize,
    },
    /// A real-time section.
    Section {
        deny: bool,
    },
    EndSection {
        index: usize,
    },
    Collect,
    KeepLimit {
        bytes: usize,
    },
    /// A future with a scope that stays open between its steps.
    Task {
        bytes: usize,
        len: usize,
        steps: usize,
    },
    /// A future's next step, at the last of which its scope gives a box to the zone below.
    Poll {
        index: usize,
    },
    DropTask {
        index: usize,
    },
    /// A scope in any of the macros' forms, whose value goes to a zone that is named.
    CopyIn {
        zone: usize,
        len: usize,
        form: u8,
    },
    /// A zone goes to another thread, and may come back.
    Send {
        zone: usize,
        len: usize,
        back: bool,
    },
    /// A zone becomes a parcel's, is sent and comes back.
    Parcel {
        zone: usize,
        len: usize,
        sent: bool,
    },
    /// A zone becomes a closure's, which is called here and there and then dropped.
    Function {
        zone: usize,
        len: usize,
        sent: bool,
    },
    /// A collection with a handle of its own.
    Vector {
        zone: usize,
        len: usize,
    },
    Change {
        index: usize,
        len: usize,
        how: u8,
    },
    Prepare {
        scopes: usize,
        bytes: usize,
    },
}

/// What is thrown here: without a message, and past the panic hook.
struct Thrown;

fn throw() -> ! {
    resume_unwind(Box::new(Thrown))
}

/// Runs the body; None where it has thrown. Other panics go on.
fn caught<R>(body: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Thrown>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// Lets others run in between.
fn pause() -> impl Future<Output = ()> {
    let mut paused = false;
    poll_fn(move |_| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
}

/// What a future says of its scope's zone: how much is used, unless the scope could not begin or has ended.
type Used = Rc<Cell<Option<usize>>>;

type Task = Pin<Box<dyn Future<Output = Result<ZBox<[u8]>, ZoneError>>>>;

/// A scope with slices that must stay as they are, however others use the stack meanwhile.
fn task(bytes: usize, len: usize, steps: usize, fill: u8, used: Used) -> Task {
    Box::pin(async move {
        let result = try_beginz!(bytes, z => 'body: {
            let mut slices = Vec::new();
            for step in 0..steps {
                match z.try_alloc_slice(len, fill.wrapping_add(step as u8)) {
                    Ok(slice) => slices.push(&*slice),
                    Err(error) => break 'body Err(error),
                }
                used.set(Some(z.used()));
                pause().await;
                for (number, slice) in slices.iter().enumerate() {
                    assert!(slice.iter().all(|&byte| byte == fill.wrapping_add(number as u8)));
                }
            }
            z.try_boxed_slice(len, fill)
        });
        used.set(None);
        result.and_then(|boxed| boxed)
    })
}

/// A copy that panics half way.
struct Thrower;

impl<'z> DeepCopy<'z> for Thrower {
    type Copied = &'z mut u64;
    fn deep_copy(&self, to: &'z Zone) -> Result<&'z mut u64, ZoneError> {
        to.try_alloc(0xAAAA_u64)?;
        drop(ZBox::try_new(5_u8)?);
        throw()
    }
}

/// A text that panics half way.
struct Unprintable;

impl std::fmt::Display for Unprintable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("half")?;
        throw()
    }
}

/// Runs on a thread of its own; None where something is thrown there.
fn on_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> Option<R> {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return Some(body());
    }
    match thread::spawn(body).join() {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Thrown>() => None,
        Err(payload) => resume_unwind(payload),
    }
}

/// The inner of two scopes, by way of a function.
fn z_in(outer: &Zone, len: usize, fill: u8) -> Result<&mut [u8], ZoneError> {
    try_beginz!(len, z in outer => z.try_alloc_slice(len, fill)?)
}

/// A slice in the zone, by way of the macros in all their forms.
fn copied_by(zone: &Zone, len: usize, fill: u8, form: u8) -> Result<&mut [u8], ZoneError> {
    match form {
        0 => try_beginz!(z in zone => z.alloc_slice(len, fill)),
        1 => try_beginz!(len, _ in zone => &mut *vec![fill; len]),
        2 => try_letz!(_ in zone; a = [fill; len] => a),
        3 => try_letz!(len * 2, z in zone; a = [fill; len], b: [u8] = [0; len] => {
            b.copy_from_slice(a);
            z.alloc_slice_copy(b)
        }),
        4 => try_beginz!(outer in zone => {
            z_in(outer, len, fill)?
        }),
        5 => try_letz!(z in zone; n = len => {
            while *n < len { *n += 1; }
            try_beginz!(_ in z => &mut *vec![fill; *n])?
        }),
        6 => Ok(beginz!(z in zone => z.alloc_slice(len, fill))),
        7 => Ok(beginz!(len, z in zone => { beginz!(y in z => y.alloc_slice(len, fill)) })),
        8 => Ok(letz!(_ in zone; a = [fill; len] => a)),
        9 => Ok(letz!(z in zone; a = [fill; len] => { letz!(_ in z; b: &[u8] = a => *b); a })),
        10 => Ok(zone.alloc_slice_copy(&beginz!({ vec![fill; len] }))),
        _ => Ok(zone.alloc_slice_copy(&letz!(64, a = fill => vec![*a; len]))),
    }
}

/// Uses the stack and zones, and leaves all as it was.
fn use_zones() {
    let Ok(zone) = Zone::try_new(64) else { return };
    let depth = zone_depth();
    // When the thread has no stack any more, nothing is pushed.
    if memzone::try_push_zone(&zone).is_ok() && zone_depth() > depth {
        let boxed = ZBox::try_new([7_u8; 20]);
        assert!(boxed.is_ok_and(|boxed| *boxed == [7; 20] && zone.contains(&*boxed)));
        assert!(pop_zone().is_ok());
    }
    let sum = try_letz!(a = [1_u8; 40], b = 2_u8 => a.iter().sum::<u8>() + *b);
    assert!(sum.is_err() || sum == Ok(42));
}

/// A value with a destructor.
struct Bomb {
    throws: bool,
    peace: Arc<AtomicBool>,
    /// So that a sanitizer sees what is dropped twice or never.
    number: Box<usize>,
    drops: Rc<Cell<usize>>,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.drops.set(self.drops.get() + 1);
        *self.number += 1;
        // Two panics at once would end the process.
        if self.throws && !thread::panicking() && !self.peace.load(Ordering::Relaxed) {
            throw();
        }
    }
}

/// A zone of the first ones: growing, limited, fixed (of an odd size), or not yet made.
#[derive(Clone, Debug)]
pub enum Kind {
    New(usize),
    Limited(usize),
    Fixed(usize),
}

/// Tells zones apart, over all their handles.
type Id = usize;

/// What the model knows of a zone.
struct Known {
    used: usize,
    /// Where the last allocation ends; one that ends there can be given back.
    end: usize,
    /// Handles beside the one that the zone is known by.
    others: usize,
    /// None: a scope's zone or the default zone, which grow.
    kind: Option<Kind>,
    /// A scope's zone that lives on after its scope, or a zone without its first handle.
    left_over: bool,
    /// The numbers of its cleanup hooks that have not run, newest last.
    hooks: Vec<usize>,
    /// A panic has left the cursor somewhere behind `end`, in this block or the next.
    vague: bool,
}

impl Known {
    fn is_fixed(&self) -> bool {
        matches!(self.kind, Some(Kind::Fixed(_)))
    }
}

/// A value without an owner: raw, as a borrow of its zone would forbid to reset that one.
struct Value {
    zone: Id,
    start: NonNull<u8>,
    bytes: Vec<u8>,
}

struct Owned {
    zone: Id,
    boxed: ZBox<[u8]>,
    bytes: Vec<u8>,
}

#[derive(Default)]
pub struct Model {
    zones: Vec<Zone>,
    ids: Vec<Id>,
    known: Vec<Known>,
    values: Vec<Value>,
    boxes: Vec<Owned>,
    clones: Vec<(Id, Zone)>,
    /// The thread's stack, with the depth of the scope that an entry belongs to.
    stack: Vec<(Id, Option<usize>)>,
    counter: u8,
    guards: Vec<(Id, Scope)>,
    bombs: Vec<(Id, ZBox<Bomb>)>,
    drops: Rc<Cell<usize>>,
    dropped: usize,
    made: usize,
    sections: Vec<(bool, Section)>,
    /// The hooks that have run, by number.
    ran: Arc<Mutex<Vec<usize>>>,
    hooks: usize,
    /// The hooks of zones that could not be freed in a real-time section.
    aside: Vec<Vec<usize>>,
    tasks: Vec<(Id, Task, Used)>,
    vectors: Vec<Vector>,
    /// Nothing throws any more.
    peace: Arc<AtomicBool>,
    /// How many hooks have run.
    all_ran: Arc<AtomicUsize>,
}

struct Vector {
    zone: Id,
    vec: ZoneVec<u8, Zone>,
    bytes: Vec<u8>,
}

thread_local! {
    static LEFT: RefCell<Option<Abandoned>> = const { RefCell::new(None) };
}

/// A model that is dropped when its thread ends, in whichever order with the thread's stack.
struct Abandoned(Option<Model>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(model) = self.0.take() {
            model.abandon();
        }
    }
}

/// The thread's default zone, which is there all the time.
const DEFAULT: Id = 0;

impl Model {
    pub fn new(kinds: &[Kind]) -> Model {
        let mut model = Model::default();
        model.know(&peek_zone(), None);
        for kind in kinds {
            let zone = match *kind {
                Kind::New(bytes) => Zone::new(bytes),
                Kind::Limited(limit) => Zone::builder().capacity(100).limit(limit).build(),
                Kind::Fixed(bytes) => Zone::builder().capacity(bytes).fixed().build(),
            };
            let id = model.know(&zone, Some(kind.clone()));
            model.ids.push(id);
            model.zones.push(zone);
        }
        model
    }

    fn know(&mut self, zone: &Zone, kind: Option<Kind>) -> Id {
        self.known.push(Known {
            used: zone.used(),
            end: 0,
            others: 0,
            kind,
            left_over: false,
            hooks: Vec::new(),
            vague: false,
        });
        self.known.len() - 1
    }

    /// Other bytes for each value.
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        self.counter = self.counter.wrapping_add(37);
        (0..len).map(|n| self.counter.wrapping_add(n as u8)).collect()
    }

    /// What the model expects of an allocation that went well.
    fn allocated(&mut self, id: Id, zone: &Zone, start: NonNull<u8>, size: usize, align: usize) {
        let (from, known) = (start.addr().get(), &mut self.known[id]);
        assert_eq!(from % align, 0, "alignment");
        let grown = zone.used() - known.used;
        known.used = zone.used();
        known.vague &= size == 0;
        if size == 0 {
            return assert_eq!(grown, 0);
        }
        // A long slice of numbers begins at a multiple of 32, if there is room for that.
        let align = if size >= 64 { align.max(32) } else { align };
        let padding = if align <= 8 { 0 } else { align - 1 };
        let rounded = size.next_multiple_of(8);
        if known.is_fixed() && zone.remaining() == 0 {
            assert!((size..=rounded + padding).contains(&grown), "{grown} for {size}");
        } else {
            assert!((rounded..=rounded + padding).contains(&grown), "{grown} for {size}");
        }
        known.end = from + rounded;
        assert!(zone.contains(start.as_ptr()));
        assert!(zone.contains(start.as_ptr().wrapping_add(size - 1)));
        let taken = self.values.iter().map(|value| (value.start.addr().get(), value.bytes.len()));
        let owned = self.boxes.iter().map(|owned| (owned.boxed.as_ptr().addr(), owned.bytes.len()));
        let vectors = self.vectors.iter().map(|it| (it.vec.as_ptr().addr(), it.vec.capacity()));
        for (other, len) in taken.chain(owned).chain(vectors) {
            let apart = from + size <= other || other + len <= from || len == 0;
            assert!(apart, "{from:x} with {size} bytes overlaps {other:x} with {len}");
        }
    }

    /// What the model expects of an allocation that was refused.
    fn refused(&self, id: Id, zone: &Zone, error: ZoneError, size: usize, align: usize) {
        if let ZoneError::Denied { .. } = error {
            assert!(self.denying());
            return assert_eq!(zone.used(), self.known[id].used);
        }
        assert!(matches!(error, ZoneError::LimitReached { .. }), "{error:?}");
        assert!(matches!(self.known[id].kind, Some(Kind::Fixed(_) | Kind::Limited(_))));
        assert_eq!(zone.used(), self.known[id].used);
        let fits = zone.remaining() >= size + align;
        assert!(!(self.known[id].is_fixed() && fits), "{size} bytes would have fitted");
    }

    fn own(&mut self, id: Id, zone: &Zone, boxed: Result<ZBox<[u8]>, ZoneError>, len: usize) {
        match boxed {
            Ok(mut boxed) => {
                let bytes = self.bytes(len);
                boxed.copy_from_slice(&bytes);
                self.allocated(id, zone, NonNull::from(&*boxed).cast(), len, 1);
                self.known[id].others += 1;
                self.boxes.push(Owned { zone: id, boxed, bytes });
            }
            Err(error) => self.refused(id, zone, error, len, 1),
        }
    }

    fn denying(&self) -> bool {
        self.sections.iter().any(|(deny, _)| *deny)
    }

    fn drop_box(&mut self, index: usize) {
        let Owned { zone: id, boxed, bytes } = self.boxes.remove(index);
        assert_eq!(boxed[..], bytes);
        let zone = ZBox::zone(&boxed).clone();
        let start = boxed.as_ptr().addr();
        drop(boxed);
        self.given_back(id, zone, start, bytes.len());
    }

    fn drop_value(&mut self, index: usize, take: bool) {
        let (id, boxed) = self.bombs.remove(index);
        let zone = ZBox::zone(&boxed).clone();
        let (start, throws) = ((&raw const *boxed).addr(), boxed.throws);
        let number = *boxed.number;
        if take {
            let value = ZBox::into_inner(boxed);
            assert!(*value.number == number && self.drops.get() == self.dropped);
            assert_eq!(caught(|| drop(value)).is_none(), throws);
        } else {
            assert_eq!(caught(|| drop(boxed)).is_none(), throws);
        }
        self.dropped += 1;
        // Where a destructor panics, the bytes stay where they are.
        let len = if throws && !take { 0 } else { size_of::<Bomb>() };
        self.given_back(id, zone, start, len);
    }

    /// What the model expects of a zone that a box was dropped of; `zone` is one more handle.
    fn given_back(&mut self, id: Id, zone: Zone, start: usize, len: usize) {
        let known = &mut self.known[id];
        // A fixed zone may end within the last 8 bytes.
        let least = if known.is_fixed() { len } else { len.next_multiple_of(8) };
        let len = len.next_multiple_of(8);
        let freed = known.used - zone.used();
        if known.vague {
            if freed != 0 {
                assert!((least..=len).contains(&freed), "all of it, or nothing");
                (known.used, known.end, known.vague) = (zone.used(), start, false);
            }
        } else if len > 0 && start + len == known.end && !known.is_fixed() {
            known.used -= len;
            known.end = start;
        } else if known.is_fixed() && freed != 0 {
            assert!(start + len == known.end && (least..=len).contains(&freed));
            (known.used, known.end) = (zone.used(), start);
        }
        assert_eq!(zone.used(), known.used, "after a drop");
        caught(|| drop(zone));
        self.known[id].others -= 1;
        self.settle();
    }

    fn is_gone(&self, id: Id) -> bool {
        let known = &self.known[id];
        id != DEFAULT
            && known.left_over
            && known.others == 0
            && self.stack.iter().all(|entry| entry.0 != id)
    }

    /// Sees that the hooks of zones that are gone have run, newest first, and no others.
    fn settle(&mut self) {
        for id in 0..self.known.len() {
            if self.is_gone(id) {
                self.values.retain(|value| value.zone != id);
                let hooks = std::mem::take(&mut self.known[id].hooks);
                self.have_run(hooks, true);
            }
        }
        for hooks in std::mem::take(&mut self.aside) {
            self.have_run(hooks, true);
        }
        let ran = self.ran.lock().unwrap();
        assert!(ran.is_empty(), "hooks {ran:?} ran too early");
    }

    /// Hooks, newest last, that must have run, or are put aside if that may be.
    fn have_run(&mut self, hooks: Vec<usize>, may_be_aside: bool) {
        let Some(newest) = hooks.last() else { return };
        let mut ran = self.ran.lock().unwrap();
        if may_be_aside && !ran.contains(newest) {
            // Only a section puts something aside; `finish` sees that it does not stay there.
            assert!(ran.iter().all(|hook| !hooks.contains(hook)));
            return self.aside.push(hooks);
        }
        let order: Vec<_> = ran.iter().copied().filter(|hook| hooks.contains(hook)).collect();
        assert!(order.iter().eq(hooks.iter().rev()), "{hooks:?} ran as {order:?}");
        ran.retain(|hook| !hooks.contains(hook));
    }

    fn reset(&mut self, index: usize) {
        let index = index % self.zones.len();
        let id = self.ids[index];
        let capacity = self.zones[index].capacity();
        let Some(result) = caught(|| self.zones[index].reset()) else {
            // All hooks have run, and it was not rewound.
            let hooks = std::mem::take(&mut self.known[id].hooks);
            assert!(!hooks.is_empty() && self.known[id].others == 0);
            return self.have_run(hooks, false);
        };
        match self.known[id].others {
            0 => {
                assert_eq!((result, self.zones[index].used()), (Ok(()), 0));
                for value in self.values.iter().filter(|value| value.zone == id) {
                    assert!(!self.zones[index].contains(value.start.as_ptr()));
                }
                self.values.retain(|value| value.zone != id);
                let known = &mut self.known[id];
                (known.used, known.end, known.vague) = (0, 0, false);
                let hooks = std::mem::take(&mut known.hooks);
                self.have_run(hooks, false);
            }
            handles => assert_eq!(result, Err(ZoneError::InUse { handles })),
        }
        assert_eq!(self.zones[index].capacity(), capacity);
    }

    fn renew(&mut self, index: usize, bytes: usize) {
        let index = index % self.zones.len();
        let Ok(zone) = Zone::try_new(bytes) else { return assert!(self.denying()) };
        let new = self.know(&zone, Some(Kind::New(bytes)));
        let old = std::mem::replace(&mut self.zones[index], zone);
        let id = std::mem::replace(&mut self.ids[index], new);
        let entries = self.stack.iter().filter(|entry| entry.0 == id).count();
        let handles = self.known[id].others + entries;
        let expected = if handles == 0 { Ok(()) } else { Err(ZoneError::InUse { handles }) };
        let result = caught(|| memzone::destroy_zone(old));
        assert!(result.is_none_or(|result| result == expected));
        self.known[id].left_over = true;
    }

    /// Everything is as it was written.
    fn check(&self) {
        for value in &self.values {
            let bytes = NonNull::slice_from_raw_parts(value.start, value.bytes.len());
            // SAFETY: its zone is alive and has not been reset; `allocated` saw that nothing else
            // lies there.
            assert_eq!(unsafe { bytes.as_ref() }, value.bytes);
        }
        for owned in &self.boxes {
            assert_eq!(owned.boxed[..], owned.bytes);
            let handles = self.known[owned.zone].others;
            assert!(ZBox::zone(&owned.boxed).handles() >= handles);
        }
        for (index, zone) in self.zones.iter().enumerate() {
            let id = self.ids[index];
            let known = &self.known[id];
            assert_eq!((zone.used(), zone.handles()), (known.used, known.others + 1));
            assert!(zone.used() + zone.remaining() <= zone.capacity());
            for value in self.values.iter().filter(|value| !value.bytes.is_empty()) {
                assert_eq!(zone.contains(value.start.as_ptr()), value.zone == id);
            }
        }
        for (id, guard) in &self.guards {
            let known = &self.known[*id];
            assert_eq!(
                (guard.zone().used(), guard.zone().handles()),
                (known.used, known.others + 1)
            );
        }
        for (_, bomb) in &self.bombs {
            assert!(*bomb.number < self.made);
        }
        for Vector { zone: id, vec, bytes } in &self.vectors {
            assert_eq!(vec[..], *bytes);
            assert!(vec.allocator().handles() >= self.known[*id].others);
            assert!(vec.is_empty() || vec.allocator().contains(vec.as_ptr()));
        }
        assert_eq!(self.drops.get(), self.dropped);
        assert_eq!(zone_depth(), self.stack.len());
    }

    /// Runs operations until the scope that they are in is left.
    pub fn run(&mut self, ops: &mut dyn Iterator<Item = Op>) {
        self.run_in(ops, None, 0);
        self.check();
    }

    fn run_in(
        &mut self,
        ops: &mut dyn Iterator<Item = Op>,
        scope: Option<(Id, &Zone)>,
        depth: usize,
    ) {
        while let Some(op) = ops.next() {
            match op {
                Op::Leave if depth > 0 => break,
                Op::Throw if depth > 0 => throw(),
                Op::Leave | Op::Throw => {}
                Op::Enter { .. } | Op::Within { .. } if depth == 5 => {}
                Op::Enter { bytes } => self.enter(ops, bytes, depth + 1),
                // These have no `try_` twin, and may need a longer stack or a zone's first block.
                Op::Push { .. } | Op::Within { .. } | Op::Clone { .. } | Op::Vector { .. }
                    if self.denying() => {}
                op => {
                    if let Some(op) = self.beside(op) {
                        self.in_one_of_all(op, ops, scope, depth);
                    }
                }
            }
            self.settle();
            if !cfg!(miri) {
                self.check();
            }
        }
    }

    /// Does it in one of the model's zones, in the zone of the scope that it is in, or in that of a guard.
    fn in_one_of_all(
        &mut self,
        op: Op,
        ops: &mut dyn Iterator<Item = Op>,
        scope: Option<(Id, &Zone)>,
        depth: usize,
    ) {
        let (Op::Layout { zone: index, .. }
        | Op::Slice { zone: index, .. }
        | Op::Text { zone: index, .. }
        | Op::Collected { zone: index, .. }
        | Op::Boxed { zone: index, .. }
        | Op::Hook { zone: index, .. }
        | Op::Interrupted { zone: index, .. }
        | Op::Value { zone: index, .. }
        | Op::Within { zone: index }
        | Op::Clone { zone: index }
        | Op::CopyIn { zone: index, .. }
        | Op::Vector { zone: index, .. }
        | Op::Push { zone: index }) = op
        else {
            unreachable!("{op:?}")
        };
        let scopes = usize::from(scope.is_some());
        let index = index % (self.zones.len() + scopes + self.guards.len());
        if let Op::Within { .. } = op {
            self.within(ops, index % self.zones.len(), depth + 1);
        } else if let Some(zone) = self.zones.get_mut(index) {
            // Out of the way meanwhile, without one more handle to it.
            let zone = std::mem::replace(zone, Zone::new(0));
            self.in_zone(op, self.ids[index], &zone);
            self.zones[index] = zone;
        } else if index - self.zones.len() < self.guards.len() {
            let (id, guard) = self.guards.remove(index - self.zones.len());
            self.in_zone(op, id, &guard.zone());
            self.guards.push((id, guard));
        } else if let Some((id, zone)) = scope {
            self.in_zone(op, id, zone);
        }
    }

    /// Does what is not done in a zone that the operation names. The rest is the result.
    fn beside(&mut self, op: Op) -> Option<Op> {
        match op {
            Op::DropBox { index } if !self.boxes.is_empty() => {
                self.drop_box(index % self.boxes.len());
            }
            Op::DropNewestBox if !self.boxes.is_empty() => self.drop_box(self.boxes.len() - 1),
            Op::DropValue { index, take } if !self.bombs.is_empty() => {
                self.drop_value(index % self.bombs.len(), take);
            }
            Op::DropBox { .. } | Op::DropNewestBox | Op::DropValue { .. } => {}
            Op::DropClone { index } if !self.clones.is_empty() => {
                let (id, zone) = self.clones.swap_remove(index % self.clones.len());
                caught(|| drop(zone));
                self.known[id].others -= 1;
            }
            Op::DropClone { .. } => {}
            Op::Reset { zone } => self.reset(zone),
            Op::Renew { zone, bytes } => self.renew(zone, bytes),
            Op::Pop => self.pop(),
            Op::NewBox { len } => {
                let id = self.stack.last().map_or(DEFAULT, |entry| entry.0);
                let zone = peek_zone();
                self.own(id, &zone, zone.try_boxed_slice(len, 0), len);
            }
            Op::Open { bytes } => self.open(bytes),
            Op::End { index } if !self.guards.is_empty() => {
                self.end(index % self.guards.len());
            }
            Op::End { .. } => {}
            Op::Section { deny } => {
                let policy = if deny { Policy::Deny } else { Policy::Count };
                self.sections.push((deny, rt::enter_unwatched(policy)));
            }
            Op::EndSection { index } if !self.sections.is_empty() => {
                let index = index % self.sections.len();
                let (_, section) = self.sections.swap_remove(index);
                let report = section.report();
                assert!(report.denied() <= report.asked());
            }
            Op::EndSection { .. } => {}
            Op::Collect => drop(caught(rt::collect)),
            Op::KeepLimit { bytes } => memzone::set_keep_limit(bytes),
            Op::Task { bytes, len, steps } => self.begin_task(bytes, len, steps),
            Op::Poll { index } if !self.tasks.is_empty() => {
                self.poll_task(index % self.tasks.len());
            }
            Op::DropTask { index } if !self.tasks.is_empty() => {
                let (id, task, _) = self.tasks.remove(index % self.tasks.len());
                caught(|| drop(task));
                self.left(id);
            }
            Op::Poll { .. } | Op::DropTask { .. } => {}
            Op::Change { index, len, how } if !self.vectors.is_empty() => {
                self.change(index % self.vectors.len(), len, how);
            }
            Op::Change { .. } => {}
            Op::Send { zone, len, back } => self.send(zone % self.zones.len(), len, back),
            Op::Parcel { zone, len, sent } => self.parcel(zone % self.zones.len(), len, sent),
            Op::Function { zone, len, sent } => {
                self.function(zone % self.zones.len(), len, sent);
            }
            Op::Prepare { scopes, bytes } => {
                let plan = Plan::new().scopes(scopes, bytes).default_zone(bytes);
                assert!(rt::prepare_thread(&plan).is_ok() || self.denying());
            }
            op => return Some(op),
        }
        None
    }

    fn in_zone(&mut self, op: Op, id: Id, zone: &Zone) {
        let (len, align) = match op {
            Op::Layout { size, align, .. } => (size, align),
            Op::Slice { len, .. } | Op::Text { len, .. } => (len, 1),
            Op::Collected { len, .. } => (len, 1),
            Op::Boxed { len, .. } => return self.own(id, zone, zone.try_boxed_slice(len, 0), len),
            Op::Clone { .. } => {
                self.clones.push((id, zone.clone()));
                return self.known[id].others += 1;
            }
            Op::Push { .. } => {
                push_zone(zone);
                return self.stack.push((id, None));
            }
            Op::Hook { throws, .. } => return self.hook(id, zone, throws),
            Op::Value { throws, .. } => return self.value(id, zone, throws),
            Op::CopyIn { len, form, .. } => return self.copy_in(id, zone, len, form),
            Op::Vector { len, .. } => return self.vector(id, zone, len),
            Op::Interrupted { len, at, how, .. } => {
                return self.interrupted(id, zone, (len, at), how);
            }
            _ => unreachable!(),
        };
        let mut bytes = self.bytes(len);
        let start = match op {
            Op::Layout { .. } => {
                let layout = Layout::from_size_align(len, align).unwrap();
                zone.try_alloc_layout(layout).inspect(|start| {
                    let place = NonNull::slice_from_raw_parts(*start, len);
                    // SAFETY: just taken for so many bytes.
                    unsafe {
                        place
                            .cast::<u8>()
                            .copy_from_nonoverlapping(NonNull::from(&*bytes).cast(), len)
                    };
                })
            }
            Op::Slice { .. } => {
                zone.try_alloc_slice_copy(&bytes).map(|slice| NonNull::from(slice).cast())
            }
            Op::Text { .. } => {
                bytes.iter_mut().for_each(|byte| *byte &= 0x7F);
                let text = std::str::from_utf8(&bytes).unwrap();
                zone.try_alloc_fmt(format_args!("{text}")).map(|text| NonNull::from(text).cast())
            }
            _ => {
                zone.try_alloc_iter(bytes.iter().copied()).map(|slice| NonNull::from(slice).cast())
            }
        };
        match start {
            Ok(start) => {
                self.allocated(id, zone, start, len, align);
                self.values.push(Value { zone: id, start, bytes });
            }
            Err(error) => self.refused(id, zone, error, len, align),
        }
    }

    fn hook(&mut self, id: Id, zone: &Zone, throws: bool) {
        let (ran, number) = (Arc::clone(&self.ran), self.hooks);
        let (peace, all_ran) = (Arc::clone(&self.peace), Arc::clone(&self.all_ran));
        let hook = move || {
            ran.lock().unwrap().push(number);
            all_ran.fetch_add(1, Ordering::Relaxed);
            use_zones();
            // Two panics at once would end the process.
            if throws && !thread::panicking() && !peace.load(Ordering::Relaxed) {
                throw();
            }
        };
        let size = size_of_val(&hook);
        match zone.try_on_cleanup(hook) {
            Ok(()) => {
                let known = &mut self.known[id];
                assert!(zone.used() >= known.used + size);
                // A box is never given back past a hook, which is the last one now.
                (known.used, known.end, known.vague) = (zone.used(), 0, false);
                known.hooks.push(number);
                self.hooks += 1;
            }
            // It was dropped without having run.
            Err(error) => self.refused(id, zone, error, size + 16, 16),
        }
    }

    fn value(&mut self, id: Id, zone: &Zone, throws: bool) {
        let (drops, peace) = (Rc::clone(&self.drops), Arc::clone(&self.peace));
        let bomb = Bomb { throws, peace, number: Box::new(self.made), drops };
        match caught(|| zone.try_boxed(bomb)) {
            Some(Ok(boxed)) => {
                self.made += 1;
                let start = NonNull::from(&*boxed).cast();
                self.allocated(id, zone, start, size_of::<Bomb>(), align_of::<Bomb>());
                self.known[id].others += 1;
                self.bombs.push((id, boxed));
            }
            // The value was lost.
            Some(Err(error)) => {
                self.dropped += 1;
                self.refused(id, zone, error, size_of::<Bomb>(), align_of::<Bomb>());
            }
            None => {
                assert!(throws);
                self.dropped += 1;
                assert_eq!(zone.used(), self.known[id].used);
            }
        }
    }

    /// Nothing of what is made is left, but the cursor may have moved.
    fn interrupted(&mut self, id: Id, zone: &Zone, (len, at): (usize, usize), how: u8) {
        let at = at % len.max(1);
        let mut made = 0;
        // Uses the zone meanwhile.
        let mut make = || {
            if made == at {
                throw();
            }
            made += 1;
            if let Ok(byte) = zone.try_alloc_layout(Layout::new::<u64>()) {
                // SAFETY: just taken for so many bytes.
                unsafe { byte.cast::<u64>().write(0xAAAA_AAAA_AAAA_AAAA) };
            }
            0xBB_u8
        };
        let error = caught(|| match how % 7 {
            0 => zone.try_alloc_slice_with(len, |_| make()).err(),
            1 => zone.try_alloc_iter((0..len).map(|_| make())).err(),
            2 => zone.try_alloc_with(|| [make(), make(), make(), make()]).err(),
            3 => zone.try_alloc_fmt(format_args!("{len} {Unprintable}")).err(),
            4 => try_beginz!(_ in zone => [Thrower, Thrower]).err(),
            5 => zone.try_alloc_iter((0..len).inspect(|_| use_zones())).err(),
            _ => zone.try_alloc_slice_with(len, |_| try_beginz!({ make() }).unwrap_or(0)).err(),
        });
        if let Some(Some(error)) = error {
            assert!(matches!(error, ZoneError::LimitReached { .. } | ZoneError::Denied { .. }));
        }
        let known = &mut self.known[id];
        assert!(zone.used() >= known.used, "what was there before is still there");
        (known.used, known.vague) = (zone.used(), true);
    }

    fn begin_task(&mut self, bytes: usize, len: usize, steps: usize) {
        let used = Used::default();
        let fill = self.bytes(1)[0];
        let mut task = task(bytes, len, steps.max(1), fill, Rc::clone(&used));
        match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => {
                assert!(matches!(result, Err(ZoneError::Denied { .. })) && self.denying());
            }
            Poll::Pending => {
                self.known.push(Known {
                    used: used.get().expect("its scope has begun"),
                    end: 0,
                    others: 0,
                    kind: None,
                    left_over: false,
                    hooks: Vec::new(),
                    vague: true,
                });
                let id = self.known.len() - 1;
                self.stack.push((id, Some(0)));
                self.tasks.push((id, task, used));
            }
        }
    }

    fn poll_task(&mut self, index: usize) {
        let (id, mut task, used) = self.tasks.remove(index);
        let own = self.stack.iter().position(|entry| *entry == (id, Some(0)));
        let below = own.unwrap_or(self.stack.len()).checked_sub(1);
        let target = below.map_or(DEFAULT, |below| self.stack[below].0);
        // Hooks of what lies above its scope may throw.
        let result = caught(|| task.as_mut().poll(&mut Context::from_waker(Waker::noop())));
        let Some(result) = result else {
            drop(task);
            // Its box was lost in there.
            self.look_again(target);
            return self.left(id);
        };
        match result {
            Poll::Pending => {
                let known = &mut self.known[id];
                (known.used, known.vague) = (used.get().expect("its scope is there"), true);
                self.tasks.push((id, task, used));
            }
            Poll::Ready(Ok(boxed)) => {
                let (zone, len) = (ZBox::zone(&boxed).clone(), boxed.len());
                self.own(target, &zone, Ok(boxed), len);
                caught(|| drop(zone));
                self.left(id);
            }
            Poll::Ready(Err(error)) => {
                let fits = matches!(error, ZoneError::LimitReached { .. }) || self.denying();
                assert!(fits, "{error:?}");
                drop(task);
                self.left(id);
            }
        }
    }

    /// Finds out how much of a zone is used, after something was lost in it.
    fn look_again(&mut self, id: Id) {
        self.known[id].vague = true;
        let zones = self.ids.iter().copied().zip(&self.zones);
        let clones = self.clones.iter().map(|(id, zone)| (*id, zone));
        let boxes = self.boxes.iter().map(|it| (it.zone, ZBox::zone(&it.boxed)));
        let bombs = self.bombs.iter().map(|(id, bomb)| (*id, ZBox::zone(bomb)));
        let vectors = self.vectors.iter().map(|it| (it.zone, it.vec.allocator()));
        let mut all = zones.chain(clones).chain(boxes).chain(bombs).chain(vectors);
        if let Some((_, zone)) = all.find(|(other, _)| *other == id) {
            self.known[id].used = zone.used();
        } else if let Some((_, guard)) = self.guards.iter().find(|(other, _)| *other == id) {
            self.known[id].used = guard.zone().used();
        }
    }

    /// The macros in all their forms.
    fn copy_in(&mut self, id: Id, zone: &Zone, len: usize, form: u8) {
        let mut bytes = self.bytes(len);
        let fill = self.counter;
        bytes.fill(fill);
        let grows = !matches!(self.known[id].kind, Some(Kind::Fixed(_) | Kind::Limited(_)));
        // Those without an error panic.
        let form = form % if grows && !self.denying() { 12 } else { 6 };
        let copied = copied_by(zone, len, fill, form);
        match copied.map(|slice| NonNull::from(slice).cast()) {
            Ok(start) => {
                self.allocated(id, zone, start, len, 1);
                self.values.push(Value { zone: id, start, bytes });
            }
            Err(error) => self.refused(id, zone, error, len, 1),
        }
    }

    fn vector(&mut self, id: Id, zone: &Zone, len: usize) {
        let mut vec = ZoneVec::new_in(zone.clone());
        let bytes = self.bytes(len);
        let reserved = vec.try_reserve(len).is_ok();
        self.known[id].others += 1;
        let bytes = if reserved { bytes } else { Vec::new() };
        vec.extend_from_slice(&bytes);
        let known = &mut self.known[id];
        (known.used, known.vague) = (zone.used(), true);
        self.vectors.push(Vector { zone: id, vec, bytes });
    }

    /// Grows, shrinks, copies, moves or drops a collection.
    fn change(&mut self, index: usize, len: usize, how: u8) {
        let more = self.bytes(len);
        let Vector { zone: id, mut vec, mut bytes } = self.vectors.swap_remove(index);
        assert_eq!(vec[..], bytes);
        let zone = vec.allocator().clone();
        match how % 5 {
            0 | 1 if vec.try_reserve(len).is_ok() => {
                vec.extend_from_slice(&more);
                bytes.extend(more);
            }
            2 => {
                vec.truncate(len);
                vec.shrink_to_fit();
                bytes.truncate(len);
            }
            3 => vec = ZoneVec::from(vec.into_boxed_slice()),
            _ => {}
        }
        if how % 5 == 4 {
            drop(vec);
            self.known[id].others -= 1;
        } else {
            self.vectors.push(Vector { zone: id, vec, bytes });
        }
        let known = &mut self.known[id];
        (known.used, known.vague) = (zone.used(), true);
        caught(|| drop(zone));
        self.settle();
    }

    fn is_sole(&self, id: Id) -> bool {
        self.known[id].others == 0 && self.stack.iter().all(|entry| entry.0 != id)
    }

    /// Takes a zone out, for an owner that gives it back or not.
    fn take_zone(&mut self, index: usize) -> (Id, Zone) {
        (self.ids[index], std::mem::replace(&mut self.zones[index], Zone::new(0)))
    }

    fn put_back(&mut self, index: usize, zone: Zone) {
        let known = &mut self.known[self.ids[index]];
        (known.used, known.vague) = (zone.used(), true);
        self.zones[index] = zone;
    }

    /// The zone is gone, or goes on without this handle.
    fn replaced(&mut self, index: usize) {
        self.known[self.ids[index]].left_over = true;
        let zone = Zone::new(0);
        self.ids[index] = self.know(&zone, Some(Kind::New(0)));
        self.zones[index] = zone;
        self.settle();
    }

    fn send(&mut self, index: usize, len: usize, back: bool) {
        let (id, zone) = self.take_zone(index);
        let sendable = match zone.into_sendable() {
            Ok(sendable) => sendable,
            Err(zone) => {
                assert!(!self.is_sole(id));
                return self.zones[index] = zone;
            }
        };
        assert!(self.is_sole(id));
        let values = self.values.iter().filter(|value| value.zone == id);
        let values: Vec<_> =
            values.map(|value| (value.start.addr(), value.bytes.clone())).collect();
        let returned = on_thread(move || {
            let zone = sendable.into_zone();
            for (start, bytes) in &values {
                assert!(bytes.is_empty() || zone.contains(start.get() as *const u8));
            }
            let kept = zone.try_boxed_slice(len, 3_u8);
            let sum = zone.try_enter(|| beginz!(_z in &zone => { 1_u8 }));
            assert!(sum.is_err() || sum == Ok(1));
            drop(kept);
            use_zones();
            // What is not sent back ends here, with its hooks.
            if back { Some(zone.into_sendable().expect("a sole handle")) } else { None }
        });
        match returned {
            Some(Some(zone)) => self.put_back(index, zone.into_zone()),
            _ => self.replaced(index),
        }
    }

    fn parcel(&mut self, index: usize, len: usize, sent: bool) {
        type Pair = (&'static mut [u8], &'static [u16]);
        let (id, zone) = self.take_zone(index);
        let others = (!self.is_sole(id)).then(|| zone.clone());
        let built = caught(|| {
            Parcel::<Pair>::try_new_in(zone, |z| {
                Ok((z.try_alloc_slice(len, 5)?, z.try_alloc_slice(len, 6)?))
            })
        });
        let mut parcel = match (built, others) {
            (Some(Ok(parcel)), None) => parcel,
            (_, None) => return self.replaced(index),
            (built, Some(zone)) => {
                assert!(built.is_some_and(|built| built.is_err()), "it has other handles");
                return self.put_back(index, zone);
            }
        };
        if sent {
            let same = on_thread(move || {
                parcel.with_mut(|(a, b)| a.iter_mut().zip(*b).for_each(|(a, b)| *a += *b as u8));
                parcel
            });
            parcel = same.expect("nothing throws there");
            assert!(parcel.with(|(a, _)| a.iter().all(|&a| a == 11)));
            parcel.with_mut(|(a, _)| a.fill(5));
        }
        assert!(parcel.with(|(a, b)| a.iter().all(|&a| a == 5) && b.iter().all(|&b| b == 6)));
        let zone = parcel.into_zone();
        self.put_back(index, zone);
    }

    fn function(&mut self, index: usize, len: usize, sent: bool) {
        let (id, zone) = self.take_zone(index);
        let others = (!self.is_sole(id)).then(|| zone.clone());
        let built = caught(|| {
            ZoneFn::try_new_in(zone, |z| {
                let line = z.try_alloc_slice(len + 1, 0_usize)?;
                let owned = Box::new([1_usize; 3]);
                z.try_closure(move |add: usize| {
                    line[len] += add;
                    let sum = line.iter().sum::<usize>() + owned.len();
                    if add == 7 { throw() } else { sum }
                })
            })
        });
        if let Some(zone) = others {
            assert!(built.is_some_and(|built| built.is_err()), "it has other handles");
            return self.put_back(index, zone);
        }
        if let Some(Ok(mut function)) = built {
            assert_eq!((function(1), function(2)), (4, 6));
            assert!(caught(|| function(7)).is_none());
            if sent {
                on_thread(move || {
                    assert_eq!(function(0), 13);
                    drop(function);
                });
            } else {
                caught(|| drop(function));
            }
        }
        self.replaced(index);
    }

    fn open(&mut self, bytes: usize) {
        let Ok(guard) = Scope::try_new(bytes) else { return assert!(self.denying()) };
        let zone = guard.zone();
        assert!(zone.used() == 0 && zone.remaining() >= bytes && zone.handles() == 1);
        let id = self.know(&zone, None);
        self.stack.push((id, Some(0)));
        self.guards.push((id, guard));
    }

    fn end(&mut self, index: usize) {
        let (id, guard) = self.guards.remove(index);
        caught(|| guard.end());
        self.left(id);
    }

    /// A scope is left. What was pushed above it goes with it, and so do its values, unless handles are left.
    fn left(&mut self, id: Id) {
        if let Some(own) =
            self.stack.iter().position(|entry| *entry == (id, entry.1) && entry.1.is_some())
        {
            self.stack.truncate(own);
        }
        self.known[id].left_over = true;
        self.settle();
    }

    /// How many zones of the stack are no scope's own.
    fn pushed(&self) -> usize {
        self.stack.iter().filter(|(_, scope)| scope.is_none()).count()
    }

    fn within(&mut self, ops: &mut dyn Iterator<Item = Op>, index: usize, depth: usize) {
        let (id, zone) = (self.ids[index], self.zones[index].clone());
        self.known[id].others += 1;
        let pushed = self.pushed();
        caught(|| {
            zone.enter(|| {
                self.stack.push((id, None));
                self.run_in(ops, None, depth);
            })
        });
        while self.pushed() > pushed {
            self.stack.pop();
        }
        caught(|| drop(zone));
        self.known[id].others -= 1;
        self.settle();
    }

    fn pop(&mut self) {
        let expected = self.stack.last().copied();
        match pop_zone() {
            Ok(zone) => {
                let (id, scope) = expected.expect("nothing is pushed");
                assert_eq!(scope, None);
                assert_eq!(zone.used(), self.known[id].used);
                self.stack.pop();
                caught(|| drop(zone));
            }
            Err(ZoneError::StackEmpty) => assert_eq!(expected, None),
            Err(error) => {
                assert_eq!(error, ZoneError::ScopeActive);
                assert!(expected.is_some_and(|(_, scope)| scope.is_some()));
            }
        }
    }

    fn enter(&mut self, ops: &mut dyn Iterator<Item = Op>, bytes: usize, depth: usize) {
        let mut id = None;
        let result = caught(|| {
            try_beginz!(bytes, zone => {
                assert!(zone.used() == 0 && zone.remaining() >= bytes && zone.handles() == 1);
                let own = self.know(zone, None);
                id = Some(own);
                self.stack.push((own, Some(depth)));
                self.run_in(ops, Some((own, zone)), depth);
            })
        });
        match (result, id) {
            (Some(Err(error)), None) => {
                assert!(matches!(error, ZoneError::Denied { .. }) && self.denying());
            }
            (_, Some(id)) => self.left(id),
            (_, None) => unreachable!(),
        }
    }

    /// Runs `ops` on a thread of their own, which ends with all of it alive: the thread's stack before what uses it,
    /// or after.
    pub fn leave_alive(kinds: &[Kind], ops: Vec<Op>, stack_first: bool) {
        let kinds = kinds.to_vec();
        let counts = thread::spawn(move || {
            if !stack_first {
                LEFT.with(|_| ());
            }
            let mut model = Model::new(&kinds);
            model.run(&mut ops.into_iter());
            // A scope's or section's guard that is left must not throw in what the thread ends with.
            model.peace.store(true, Ordering::Relaxed);
            let all_ran = Arc::clone(&model.all_ran);
            let hooks = model.hooks;
            LEFT.set(Some(Abandoned(Some(model))));
            (all_ran, hooks)
        });
        let (all_ran, hooks) = counts.join().unwrap_or_else(|payload| resume_unwind(payload));
        while caught(rt::collect).is_none() {}
        assert_eq!(all_ran.load(Ordering::Relaxed), hooks, "each hook runs once");
    }

    /// What is left when the thread ends, whether its stack is there or not.
    fn abandon(mut self) {
        for owned in &self.boxes {
            assert_eq!(owned.boxed[..], owned.bytes);
        }
        for Vector { vec, bytes, .. } in &self.vectors {
            assert_eq!(vec[..], *bytes);
        }
        use_zones();
        let bombs = self.bombs.len();
        self.sections.clear();
        self.zones.clear();
        self.tasks.clear();
        self.bombs.clear();
        self.guards.clear();
        assert_eq!(self.drops.get(), self.dropped + bombs);
        self.vectors.clear();
        self.boxes.clear();
        use_zones();
        self.clones.clear();
    }

    /// Lets go of everything, and sees that nothing is left.
    pub fn finish(mut self) {
        self.sections.clear();
        while let Some((id, task, _)) = self.tasks.pop() {
            caught(|| drop(task));
            self.left(id);
        }
        while !self.vectors.is_empty() {
            self.change(self.vectors.len() / 2, 0, 4);
        }
        while !self.guards.is_empty() {
            self.end(self.guards.len() / 2);
        }
        while let Some(Ok(zone)) = caught(pop_zone) {
            caught(|| drop(zone));
            self.stack.pop();
        }
        self.settle();
        assert!(self.stack.is_empty() && zone_depth() == 0);
        while !self.boxes.is_empty() {
            self.drop_box(self.boxes.len() / 2);
        }
        while !self.bombs.is_empty() {
            self.drop_value(self.bombs.len() / 2, false);
        }
        while let Some((id, zone)) = self.clones.pop() {
            caught(|| drop(zone));
            self.known[id].others -= 1;
            self.settle();
        }
        memzone::set_keep_limit(16 << 20);
        for index in 0..self.zones.len() {
            // The second time, if a hook has thrown.
            self.reset(index);
            self.reset(index);
            assert_eq!(self.zones[index].used(), 0);
        }
        // What throws goes on with the rest the next time.
        while caught(rt::collect).is_none() {}
        self.settle();
        assert!(self.aside.is_empty(), "the hooks {:?} never ran", self.aside);
        // The default zone, which stays, is not checked for what it has left.
        assert_eq!(self.drops.get(), self.made.max(self.dropped));
    }
}
