//! The numbered invariants of `docs/design.md`: a test for each, that fails where it is broken.
//!
//! Those that the compiler enforces have programs in `tests/ui` too, which must not compile. Miri
//! runs this file in both of its borrow models, and finds what a plain run cannot see.

#[path = "common/counting.rs"]
mod counting;

use memzone::{
    DeepCopy, Parcel, SendZone, ZBox, Zone, ZoneError, ZoneFn, alloc, beginz, hot, letz, peek_zone,
    pop_zone, push_zone, try_zcopy, zone_depth,
};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs `body` on a thread of its own, so with a stack of zones of its own.
fn on_new_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return body();
    }
    std::thread::spawn(body).join().expect("the thread does not panic")
}

/// Overwrites what a thread's spare zones held.
fn scribble() {
    beginz!(z => { z.alloc_slice(1000, 0xAA_u8); });
}

#[test]
fn i01_memory_is_rewound_or_freed_only_when_nothing_else_holds_it() {
    let mut zone = Zone::new(1024);
    let kept = zone.boxed(7_u64);
    assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 1 }));
    assert_eq!(zone.used(), 8, "a refused reset changes nothing");
    let other = zone.clone();
    assert_eq!(memzone::destroy_zone(zone), Err(ZoneError::InUse { handles: 2 }));
    other.alloc_slice(100, 0xFF_u8);
    assert_eq!(*kept, 7);

    // A scope's zone that is still held when the scope ends is neither rewound nor used again.
    let boxed: RefCell<Option<ZBox<[u8]>>> = RefCell::new(None);
    let handle: Zone = beginz!(z => {
        boxed.replace(Some(z.boxed_slice(64, 1_u8)));
        z.clone()
    });
    scribble();
    let boxed = boxed.into_inner().unwrap();
    assert_eq!(boxed[..], [1; 64]);
    assert_eq!(handle.used(), 64);
    assert!(handle.contains(boxed.as_ptr()));
}

#[test]
fn i02_values_never_move_and_blocks_are_stable() {
    let zone = Zone::new(256);
    let first = zone.alloc_slice_with(10, |n| n);
    let address = first.as_ptr();
    let second = zone.boxed([1_u8; 100]);
    let of_second = second.as_ptr();
    for n in 0..200 {
        zone.alloc_slice(n, n as u8 | 0x80);
    }
    assert!(zone.blocks() > 2, "the zone has grown");
    let moved_handle = Box::new(zone.clone());
    assert_eq!(first.as_ptr(), address);
    assert_eq!(first[..], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let second = { second };
    assert_eq!(second.as_ptr(), of_second);
    assert_eq!(*second, [1; 100]);
    assert!(moved_handle.contains(address));
}

/// The first values of a scope look for no room, as its zone is a spare one that was left empty.
#[test]
fn i02_a_scope_begins_with_all_of_its_zones_room() {
    for depth in 0..3_usize {
        for round in 0..30_u8 {
            let found = beginz!(outer => {
                (0..depth).for_each(|_| { outer.alloc([round; 1000]); });
                let inside = beginz!(z => {
                    let used = z.used();
                    let value = z.alloc([round; 4096]);
                    (used, z.contains(&raw const value[4095]), z.used() <= z.capacity())
                });
                (inside, outer.used())
            });
            assert_eq!(found, ((0, true, true), depth * 1000));
        }
    }
}

/// Tells at run time whether a type is `Send` or `Sync`: an inherent constant is preferred to one
/// of a trait, where its bound holds.
macro_rules! is {
    ($type:ty: $marker:ident) => {{
        #[allow(dead_code)]
        trait Otherwise {
            const IS: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        struct Probe<T: ?Sized>(std::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $marker> Probe<T> {
            const IS: bool = true;
        }
        <Probe<$type>>::IS
    }};
}

#[test]
fn i03_zones_stay_on_their_thread_unless_sent_as_the_sole_handle() {
    assert!(is!(u8: Send) && !is!(std::rc::Rc<u8>: Send), "the probe works");
    assert!(!is!(Zone: Send) && !is!(Zone: Sync));
    assert!(!is!(ZBox<u8>: Send) && !is!(ZBox<u8>: Sync));
    assert!(!is!(memzone::__private::Scope: Send) && !is!(memzone::__private::Scope: Sync));
    assert!(!is!(memzone::__private::ScopeZone<'static>: Send));
    assert!(is!(SendZone: Send) && !is!(SendZone: Sync));

    let zone = Zone::new(64);
    let clone = zone.clone();
    let zone = zone.into_sendable().expect_err("a clone is left");
    drop(clone);
    let boxed = zone.boxed(1);
    let zone = zone.into_sendable().expect_err("a box is left");
    drop(boxed);
    push_zone(&zone);
    let zone = zone.into_sendable().expect_err("on the stack");
    drop(pop_zone().unwrap());
    let sendable = zone.into_sendable().expect("the sole handle");
    assert_eq!(on_new_thread(move || sendable.into_zone().handles()), 1);
}

#[test]
fn i04_scopes_end_in_any_order_and_rewind_only_their_own_zone() {
    use memzone::__private::Scope;
    let before = zone_depth();
    let first = Scope::new(64);
    let second = Scope::new(64);
    let third = Scope::new(64);
    let of_second = second.zone().boxed([2_u8; 32]);
    {
        let zone = third.zone();
        let of_third = zone.alloc([3_u8; 32]);
        // The first ends while the others are active: they keep what they hold.
        first.end();
        assert_eq!(zone_depth(), before);
        scribble();
        assert_eq!(*of_third, [3; 32]);
    }
    assert_eq!(*of_second, [2; 32]);
    second.end();
    scribble();
    assert_eq!(*of_second, [2; 32], "a box keeps the zone of a scope that has ended");
    third.end();
    assert_eq!(zone_depth(), before);

    // A scope that is not in the list any more ends while another one is on top.
    let (outer, stale) = (Scope::new(64), Scope::new(64));
    outer.end();
    let (again, above) = (Scope::new(64), Scope::new(64));
    let zone = above.zone();
    let of_above = zone.alloc([4_u8; 32]);
    stale.end();
    assert_eq!(zone_depth(), before + 2, "the scope on top is not its");
    scribble();
    assert_eq!(*of_above, [4; 32]);
    above.end();
    again.end();
    assert_eq!(zone_depth(), before);

    // A forgotten guard is cleared away by the scope around it.
    beginz!({
        std::mem::forget(Scope::new(64));
        assert_eq!(zone_depth(), before + 2);
    });
    assert_eq!(zone_depth(), before);
}

#[test]
fn i05_the_cursor_moves_before_user_code_runs() {
    let zone = Zone::new(4096);
    let outer = zone.alloc_with(|| {
        let inner = zone.alloc([1_u64; 4]);
        (inner.as_ptr().addr(), [2_u64; 4])
    });
    let (inner, own) = (outer.0, outer.1.as_ptr().addr());
    assert!(inner.abs_diff(own) >= 32, "two allocations share memory");

    let slice = zone.alloc_slice_with(8, |n| zone.alloc(n * 10).to_owned() + n);
    assert_eq!(slice[..], [0, 11, 22, 33, 44, 55, 66, 77]);

    // A slice that is growing does not go on where others have put something meanwhile.
    let seen = RefCell::new(Vec::new());
    // Of unknown length, so that no room is taken for all of it at the start.
    let grown = zone.alloc_iter((0..100_u32).filter(|_| true).inspect(|&n| {
        if n % 7 == 0 {
            seen.borrow_mut().push(zone.alloc(n));
        }
    }));
    assert!(grown.iter().copied().eq(0..100));
    assert!(seen.borrow().iter().map(|n| **n).eq((0..100).step_by(7)));
}

#[test]
fn i06_sizes_cannot_wrap_and_a_refused_request_changes_nothing() {
    let zone = Zone::builder().capacity(1000).fixed().build();
    zone.alloc(1_u8);
    let before = (zone.used(), zone.remaining(), zone.capacity(), zone.blocks());
    for len in [
        992,
        usize::MAX / 8,
        usize::MAX / 8 + 2,
        usize::MAX / 4,
        usize::MAX - 15,
        usize::MAX - 8,
        usize::MAX,
    ] {
        zone.try_alloc_slice(len, 0_u64).expect_err("too large");
        zone.try_alloc_slice(len.max(993), 0_u8).expect_err("too large");
        zone.try_alloc_slice_aligned::<u8, 4096>(len, 0).expect_err("too large");
        zone.try_alloc_uninit::<[u64; 9]>(len).expect_err("too large");
        zone.try_boxed_slice(len, 0_u64).expect_err("too large");
    }
    assert_eq!((zone.used(), zone.remaining(), zone.capacity(), zone.blocks()), before);
    assert_eq!(zone.alloc_slice(984, 1_u8).len(), 984, "and all of it is still there");
    assert!(Zone::try_new(usize::MAX).is_err());
    assert!(memzone::try_beginz!(usize::MAX, {}).is_err());
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn i07_uninitialised_bytes_are_never_seen() {
    /// Promises more than it has.
    struct Boaster(u8);
    impl Iterator for Boaster {
        type Item = u8;
        fn next(&mut self) -> Option<u8> {
            self.0 = self.0.checked_sub(1)?;
            Some(self.0)
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (500, Some(500))
        }
    }
    let zone = Zone::new(4096);
    assert_eq!(zone.alloc_iter(Boaster(3))[..], [2, 1, 0]);
    let made = Cell::new(0);
    let failed = catch_unwind(AssertUnwindSafe(|| {
        zone.alloc_slice_with(10, |n| {
            assert!(n < 5, "half way");
            made.set(n);
            n
        });
    }));
    assert!(failed.is_err());
    assert_eq!(made.get(), 4);
    assert_eq!(zone.alloc_slice(3, 9_u8)[..], [9, 9, 9]);
    assert_eq!(zone.alloc_str("text"), "text");
}

thread_local! {
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

/// Counts on its thread how often it was dropped, and how often with what it borrows gone bad.
struct Borrows<'a>(&'a Cell<u32>);

impl Drop for Borrows<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0.get(), 42, "dropped after what it borrows");
        DROPPED.set(DROPPED.get() + 1);
    }
}

#[test]
fn i08_no_destructor_runs_when_a_scope_ends() {
    // `z.alloc(Borrows(..))` does not compile: `tests/ui/alloc/drop.rs`.
    let before = DROPPED.get();
    let number = Cell::new(42);
    beginz!(z => {
        let boxed = z.boxed(Borrows(&number));
        drop(boxed);
        assert_eq!(DROPPED.get(), before + 1, "dropped with its owner");
        // Forgotten: nobody may run it later, when `number` may be gone.
        std::mem::forget(z.boxed(Borrows(&number)));
    });
    scribble();
    assert_eq!(DROPPED.get(), before + 1);
    let zone = Zone::new(64);
    zone.alloc(std::mem::ManuallyDrop::new(Borrows(&number)));
    drop(zone);
    assert_eq!(DROPPED.get(), before + 1);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads that end")]
fn i09_the_stack_may_be_used_while_its_thread_ends() {
    use std::sync::mpsc::{Receiver, Sender, channel};
    struct AtExit(Sender<(u64, usize, usize, u64)>, Option<ZBox<[u8]>>);
    impl Drop for AtExit {
        fn drop(&mut self) {
            let own = self.1.take().unwrap();
            assert_eq!(own[..], [5; 100], "what was allocated before is still there");
            let sum: u64 = letz!(a = [1_u64; 100] => a.iter().sum::<u64>());
            let fresh = alloc::<u32>(10);
            let zone = Zone::new(100);
            push_zone(&zone);
            zone.enter(|| drop(ZBox::new(1)));
            let _ = pop_zone();
            let before = counting::calls();
            let depth = beginz!({ beginz!({ zone_depth() }) });
            let asked = counting::calls() - before;
            let _ = peek_zone();
            memzone::set_keep_limit(0);
            memzone::set_keep_limit(1 << 20);
            // A spare zone is left.
            beginz!(());
            self.0.send((sum, fresh.len(), depth, asked)).unwrap();
        }
    }
    thread_local! {
        static BEFORE: RefCell<Option<AtExit>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<AtExit>> = const { RefCell::new(None) };
    }
    let (sender, receiver): (_, Receiver<_>) = channel();
    on_new_thread(move || {
        // Thread-locals end in the reverse order of their first use, on most systems: one ends
        // after memzone's own, one before.
        BEFORE.with(|_| ());
        beginz!(beginz!(()));
        let at_exit = || AtExit(sender.clone(), Some(alloc_fives()));
        BEFORE.set(Some(at_exit()));
        AFTER.set(Some(at_exit()));
    });
    let results: Vec<_> = receiver.iter().collect();
    assert_eq!(results.len(), 2);
    assert!(results.iter().all(|(sum, len, ..)| (*sum, *len) == (100, 10)));
    // With a stack, or without.
    let mut depths: Vec<_> = results.iter().map(|(_, _, depth, _)| *depth).collect();
    depths.sort_unstable();
    let expected: &[_] =
        if cfg!(target_os = "linux") { &[[0, 2]] } else { &[[0, 0], [0, 2], [2, 2]] };
    assert!(expected.iter().any(|expected| depths == expected), "{depths:?}");
    // Without one, no scope gets a zone that was freed with it.
    let without = results.iter().filter(|(_, _, depth, _)| *depth == 0);
    assert!(without.clone().all(|(.., asked)| *asked == 2), "{results:?}");
}

fn alloc_fives() -> ZBox<[u8]> {
    peek_zone().boxed_slice(100, 5_u8)
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn i10_a_panic_leaves_every_zone_usable_and_every_box_valid() {
    let before = zone_depth();
    let zone = Zone::new(256);
    let boxed = zone.boxed(String::from("alive"));
    let scope = || beginz!(z => { z.alloc_with(|| -> u8 { panic!("in a value") }); });
    assert!(catch_unwind(scope).is_err());
    assert_eq!(zone_depth(), before, "the scope has ended");
    let result = catch_unwind(AssertUnwindSafe(|| {
        zone.enter(|| {
            beginz!(100, z in &zone => {
                let other = z.boxed(String::from("dropped on the way"));
                letz!(a = [1_u8; 300] => { assert!(a.is_empty(), "{other}") })
            })
        })
    }));
    assert!(result.is_err());
    assert_eq!(zone_depth(), before);
    assert_eq!(*boxed, "alive");
    assert_eq!(zone.handles(), 2);
    assert_eq!(zone.alloc_slice(5, 1_u8)[..], [1; 5]);
    // The spare zones of the scopes that were unwound are free again.
    assert_eq!(beginz!(z => { (z.used(), z.handles()) }), (0, 1));

    // A hook that panics neither stops the others nor the reset of the zone for good.
    let mut zone = Zone::new(256);
    let (sender, ran) = std::sync::mpsc::channel();
    zone.on_cleanup(move || sender.send(1).unwrap());
    zone.on_cleanup(|| panic!("in a hook"));
    assert!(catch_unwind(AssertUnwindSafe(|| zone.reset())).is_err());
    assert_eq!(ran.try_iter().count(), 1);
    assert_eq!(zone.reset(), Ok(()));
    assert_eq!(zone.used(), 0);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn i11_no_deep_copy_however_wrong_harms_memory() {
    /// Does all that it should not: forgets scopes, panics, pops, allocates, returns others' values.
    struct Liar<'a>(u8, &'a Cell<u8>);
    impl<'z> DeepCopy<'z> for Liar<'_> {
        type Copied = &'z [u8];
        const FLAT: bool = true;
        fn deep_copy(&self, to: &'z Zone) -> Result<&'z [u8], ZoneError> {
            self.1.set(self.1.get() + 1);
            let copied = to.alloc_slice(40, self.0);
            std::mem::forget(memzone::__private::Scope::new(0));
            push_zone(to);
            while pop_zone().is_ok() {}
            scribble();
            match self.0 {
                0 => panic!("in a copy"),
                1 => Err(ZoneError::StackEmpty),
                _ => Ok(copied),
            }
        }
    }
    /// Says that it holds nothing but itself, though it owns something elsewhere.
    struct FlatOwner(Rc<()>);
    impl DeepCopy<'_> for FlatOwner {
        type Copied = FlatOwner;
        const FLAT: bool = true;
        fn deep_copy(&self, _to: &Zone) -> Result<FlatOwner, ZoneError> {
            Ok(FlatOwner(Rc::clone(&self.0)))
        }
    }
    let (outer, owned) = (Zone::new(1024), Rc::new(()));
    let left = [
        beginz!(_ => FlatOwner(Rc::clone(&owned))),
        beginz!(_ in &outer => FlatOwner(Rc::clone(&owned))),
    ];
    assert_eq!(Rc::strong_count(&owned), 3);
    drop(left);
    assert_eq!(Rc::strong_count(&owned), 1);
    on_new_thread(|| {
        let outer = Zone::new(1024);
        let count = Cell::new(0);
        let copied = beginz!(z in &outer => { z.alloc_slice(64, 1_u8); Liar(9, &count) });
        scribble();
        assert_eq!(copied[..], [9; 40]);
        assert!(outer.contains(copied.as_ptr()));
        let failed = memzone::try_beginz!(_ in &outer => Liar(1, &count));
        assert_eq!(failed, Err(ZoneError::StackEmpty));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            beginz!(z in &outer => { let _ = z.alloc(1); Liar(0, &count) }).len()
        }));
        assert!(panicked.is_err());
        // As one of several, where the others' memory is already taken.
        let items = [Liar(3, &count), Liar(1, &count), Liar(4, &count)];
        assert_eq!(try_zcopy(&&items[..], &outer).unwrap_err(), ZoneError::StackEmpty);
        assert_eq!(try_zcopy(&&items[..1], &outer).unwrap()[0][..], [3; 40]);
        assert_eq!(copied[..], [9; 40]);
        assert_eq!(count.get(), 6);
        drop(outer);
    });
}

/// A value whose destructor looks at what it borrows from its zone, and adds to a count.
struct Sums<'z>(&'z mut [u8], Arc<AtomicUsize>);

impl Sums<'_> {
    /// A method, so that a closure captures the whole.
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Sums<'_> {
    fn drop(&mut self) {
        let sum: usize = self.0.iter().map(|&item| usize::from(item)).sum();
        self.1.fetch_add(sum, Ordering::SeqCst);
    }
}

impl<'z> DeepCopy<'z> for Sums<'_> {
    type Copied = Sums<'z>;
    fn deep_copy(&self, to: &'z Zone) -> Result<Sums<'z>, ZoneError> {
        Ok(Sums(to.try_alloc_slice_copy(self.0)?, Arc::clone(&self.1)))
    }
}

#[test]
fn i20_what_owns_its_zone_drops_its_values_once_and_before_the_zone() {
    let sum = Arc::new(AtomicUsize::new(0));
    let (of_capture, of_hook, of_parcel) = (Arc::clone(&sum), Arc::clone(&sum), Arc::clone(&sum));
    let mut f = ZoneFn::new(1024, move |z| {
        // By the time the hook runs, the capture has added its ten.
        z.on_cleanup(move || of_hook.store(of_hook.load(Ordering::SeqCst) * 100, Ordering::SeqCst));
        let sums = Sums(z.alloc_slice(10, 1), of_capture);
        z.closure(move |()| sums.len())
    });
    assert_eq!((f(()), sum.load(Ordering::SeqCst)), (10, 0));
    drop(f);
    assert_eq!(sum.swap(0, Ordering::SeqCst), 1000);

    let parcel = Parcel::<Sums>::new(64, |z| Sums(z.alloc_slice(10, 2), Arc::clone(&of_parcel)));
    drop(parcel);
    assert_eq!(sum.swap(0, Ordering::SeqCst), 20);
    let parcel = Parcel::<Sums>::new(64, |z| Sums(z.alloc_slice(10, 3), of_parcel));
    assert_eq!(parcel.into_zone().handles(), 1);
    assert_eq!(sum.load(Ordering::SeqCst), 30);
}

/// What makes any value `Send`, and looks at its thread when it is used, as the crates `send_wrapper` and
/// `fragile` have it.
struct OnlyHere<T>(T, std::thread::ThreadId);

// SAFETY: the value is reached on its own thread only, and needs no destructor.
unsafe impl<T: Copy> Send for OnlyHere<T> {}

impl<T: Copy> OnlyHere<T> {
    fn new(value: T) -> Self {
        OnlyHere(value, std::thread::current().id())
    }
    fn get(&self) -> T {
        assert_eq!(self.1, std::thread::current().id());
        self.0
    }
}

/// Found by trying to break it: `Parcel::<&Zone>::new(64, |z| z)` was a reference to where its zone's handle had
/// been, and safe.
#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn i21_a_builders_zone_stays_and_gives_no_handles_away() {
    let in_use = Err(ZoneError::InUse { handles: 1 });
    let parcel = Parcel::<&Zone>::new(0, |z| z);
    let mut parcels = vec![parcel];
    for _ in 0..10 {
        parcels.push(Parcel::new(10, |z| z));
    }
    for parcel in &parcels {
        let before = (parcel.used(), parcel.capacity(), parcel.blocks());
        parcel.with(|zone| {
            assert!(zone.contains(std::ptr::from_ref::<Zone>(zone)));
            assert_eq!(zone.alloc_slice(10_000, 7_u8).len(), 10_000);
            assert!(zone.used() > 10_000 && zone.handles() == 1);
            assert!(catch_unwind(AssertUnwindSafe(|| Zone::clone(zone))).is_err());
            assert!(catch_unwind(AssertUnwindSafe(|| zone.boxed(1_u8))).is_err());
            let (used, lost) = (zone.used(), Arc::new(()));
            assert_eq!(zone.try_boxed(Arc::clone(&lost)).map(drop), in_use);
            assert_eq!(
                (Arc::strong_count(&lost), zone.used()),
                (1, used),
                "neither it nor its place is lost"
            );
            assert_eq!(
                (zone.try_boxed(()).map(drop), zone.try_boxed_slice(9, 1_u8).map(drop)),
                (in_use, in_use)
            );
            assert_eq!(memzone::try_zcopy::<Zone>(zone, &Zone::new(64)).map(drop), in_use);
            assert_eq!((memzone::try_push_zone(zone), zone.try_enter(|| ())), (in_use, in_use));
        });
        assert_eq!((parcel.used(), parcel.capacity(), parcel.blocks()), before);
    }
    let mut zone = parcels.remove(3).into_zone();
    assert_eq!((zone.clone().handles(), zone.boxed(1_u8).to_string()), (2, "1".to_string()));
    assert_eq!(zone.reset(), Ok(()));

    let mut closure = ZoneFn::new(100, |z| {
        let zone = OnlyHere::new(z);
        z.closure(move |clone: bool| {
            let zone = zone.get();
            assert!(zone.contains(std::ptr::from_ref::<Zone>(zone)));
            clone.then(|| zone.clone())
        })
    });
    assert!(closure(false).is_none());
    // A handle here, and the closure's end on another thread, would be a data race.
    assert!(catch_unwind(AssertUnwindSafe(|| closure(true))).is_err());
    let end = move || {
        let zone = closure.into_zone();
        assert_eq!(zone.clone().handles(), 2);
    };
    std::thread::spawn(end).join().unwrap();
}

#[test]
fn i21_what_owns_its_zone_has_its_only_handle() {
    assert!(
        is!(ZoneFn<dyn FnMut(u8) -> u8>: Send)
            && is!(ZoneFn<dyn FnMut(std::rc::Rc<u8>) -> u8>: Send)
    );
    assert!(is!(memzone::Closure<'static, dyn FnMut(u8) -> u8>: Send));
    assert!(is!(Parcel<&'static [u8]>: Send) && is!(Parcel<&'static [u8]>: Sync));
    assert!(!is!(Parcel<std::rc::Rc<u8>>: Send) && !is!(Parcel<Cell<u8>>: Sync));
    assert!(!is!(Parcel<&'static Zone>: Send) && !is!(Parcel<&'static Cell<u8>>: Send));

    let in_use = ZoneError::InUse { handles: 1 };
    let mut kept = None;
    let keeps: [fn(&Zone) -> Option<Zone>; 3] = [
        |z| Some(z.clone()),
        |z| {
            push_zone(z);
            None
        },
        |z| {
            std::mem::forget(z.boxed(1_u8));
            None
        },
    ];
    for keep in keeps {
        let built = ZoneFn::try_new(64, |z| {
            kept = keep(z);
            z.try_closure(|()| ())
        });
        assert_eq!(built.map(drop).unwrap_err(), in_use);
        let built = Parcel::<&u8>::try_new(64, |z| {
            kept = keep(z);
            Ok(z.try_alloc(1)?)
        });
        assert_eq!(built.map(drop).unwrap_err(), in_use);
        while pop_zone().is_ok() {}
    }
}

#[test]
fn i23_a_definition_has_one_owner_and_one_end() {
    let drops = Arc::new(AtomicUsize::new(0));
    let define = || {
        let sums_drops = Arc::clone(&drops);
        ZoneFn::new(64, |z| {
            let sums = Sums(z.alloc_slice(1, 1), sums_drops);
            z.closure(move |()| sums.len())
        })
    };
    let dropped = || drops.load(Ordering::SeqCst);
    let (mut caller, binder) = hot(define());
    binder.rebind(define());
    binder.rebind(define());
    assert_eq!(dropped(), 1, "one was never taken up");
    assert_eq!((caller(()), caller(())), (1, 1));
    assert_eq!((dropped(), binder.reclaim(), binder.reclaim()), (1, 1, 0));
    binder.rebind(define());
    assert_eq!((binder.reclaim(), dropped()), (0, 2), "what is new is not reclaimed");
    drop(caller);
    assert_eq!((dropped(), binder.reclaim(), dropped()), (2, 2, 4));
}

#[test]
fn i24_the_second_side_to_end_frees_all() {
    let drops = Arc::new(AtomicUsize::new(0));
    let define = || {
        let sums_drops = Arc::clone(&drops);
        ZoneFn::new(64, |z| {
            let sums = Sums(z.alloc_slice(1, 1), sums_drops);
            z.closure(move |()| sums.len())
        })
    };
    for caller_first in [false, true] {
        drops.store(0, Ordering::SeqCst);
        let (caller, binder) = hot(define());
        binder.rebind(define());
        let before = counting::frees();
        if caller_first {
            drop(caller);
            assert_eq!((drops.load(Ordering::SeqCst), counting::frees()), (0, before));
            drop(binder);
        } else {
            drop(binder);
            assert_eq!((drops.load(Ordering::SeqCst), counting::frees()), (0, before));
            drop(caller);
        }
        // Two zones and the mailbox.
        assert_eq!((drops.load(Ordering::SeqCst), counting::frees()), (2, before + 3));
    }
}

/// The real-time rule that the invariants serve: in steady state a scope asks for nothing.
#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn in_steady_state_scopes_ask_the_system_for_nothing() {
    let outer = Zone::new(64 << 10);
    let rounds = if cfg!(miri) { 20 } else { 2_000 };
    let mut after_first = (0, 0);
    for round in 0..rounds {
        let sum = beginz!(z => {
            let a = z.alloc_slice(1000, 1_u32);
            letz!(8000, b = [2_u32; 500], c = 3_u32 => {
                beginz!(40_000, y => { y.alloc_slice(9_000, 4_u32); });
                a.iter().chain(b.iter()).sum::<u32>() + *c
            })
        });
        assert_eq!(sum, 2003);
        outer.enter(|| drop(ZBox::new(round)));
        if round == 1 {
            after_first = (counting::calls(), counting::frees());
        }
    }
    assert_eq!((counting::calls(), counting::frees()), after_first);
}
