//! What a hostile but safe program may try, each thing defined: nothing dangles, nothing is rewound
//! under somebody, and the next scope finds all in order.

use memzone::__private::Scope;
use memzone::{
    DeepCopy, ZBox, Zone, ZoneError, alloc, beginz, destroy_zone, letz, peek_zone, pop_zone,
    push_new_zone, push_zone, set_keep_limit, zcopy, zone_depth,
};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};

/// Runs `body` on a thread of its own, so with a stack of zones of its own.
fn on_new_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return body();
    }
    std::thread::spawn(body).join().expect("the thread does not panic")
}

/// Overwrites what this thread's idle spare zones hold.
fn scribble() {
    beginz!(z => {
        z.alloc_slice(500, 0xAA_u8);
        beginz!(z => { z.alloc_slice(500, 0xBB_u8); });
    });
}

/// Lets the other future run once.
fn pause() -> impl Future<Output = ()> {
    let mut paused = false;
    std::future::poll_fn(move |_| match std::mem::replace(&mut paused, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
}

fn poll<F: Future>(future: &mut Pin<&mut F>) -> Option<F::Output> {
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A scope that stays open over a pause, and sums what it has put into its zone.
async fn task(seed: u32, pauses: usize) -> u32 {
    beginz!(z => {
        let values = z.alloc_slice(100, seed);
        for value in &mut values[..pauses] {
            pause().await;
            assert_eq!(*value, seed);
            *value += z.alloc_slice(10, 1_u32).len() as u32;
        }
        values.iter().sum::<u32>()
    })
}

#[test]
fn scopes_of_two_hand_polled_futures_end_in_any_order() {
    let depth = zone_depth();
    for (first_pauses, second_pauses) in [(1, 3), (3, 1), (2, 2), (0, 2), (5, 0)] {
        let mut first = pin!(task(1, first_pauses));
        let mut second = pin!(task(2, second_pauses));
        let (mut one, mut two) = (None, None);
        while one.is_none() || two.is_none() {
            if one.is_none() {
                one = poll(&mut first);
            }
            if two.is_none() {
                two = poll(&mut second);
            }
            letz!(a = [0xCC_u8; 2000] => { std::hint::black_box(a); });
        }
        assert_eq!(one, Some(100 + 10 * first_pauses as u32));
        assert_eq!(two, Some(200 + 10 * second_pauses as u32));
        assert_eq!(zone_depth(), depth);
    }
}

#[test]
fn futures_may_be_dropped_half_way_in_any_order() {
    let depth = zone_depth();
    for order in [[0, 0, 0, 0], [3, 2, 1, 0], [1, 2, 0, 0], [2, 0, 1, 0]] {
        let mut tasks: Vec<_> = (0..4).map(|n| Box::pin(task(n, 10))).collect();
        for index in order {
            for task in &mut tasks {
                assert!(poll(&mut task.as_mut()).is_none());
            }
            drop(tasks.remove(index));
            scribble();
        }
    }
    assert_eq!(zone_depth(), depth);
    assert_eq!(beginz!(z => { (z.used(), z.handles()) }), (0, 1));
}

#[test]
fn a_future_may_push_while_another_ends_below_it() {
    let depth = zone_depth();
    let zone = Zone::new(64);
    let mut first = pin!(task(1, 1));
    assert!(poll(&mut first).is_none());
    push_zone(&zone);
    let mut second = pin!(task(2, 1));
    assert!(poll(&mut second).is_none());
    // Ends below what was pushed, which goes with it.
    assert_eq!(poll(&mut first), Some(110));
    assert_eq!((zone_depth(), zone.handles()), (depth, 1));
    scribble();
    assert_eq!(poll(&mut second), Some(210));
    assert_eq!(zone_depth(), depth);
    assert_eq!(destroy_zone(zone), Ok(()));
}

#[test]
fn a_result_finds_its_way_though_the_stack_below_it_has_changed() {
    // The first scope ends while the second, which lies above it, is active: the second's value
    // then goes to what is current.
    let mut first = pin!(task(1, 1));
    assert!(poll(&mut first).is_none());
    let mut second = pin!(async {
        beginz!({
            pause().await;
            ZBox::new(5_u8)
        })
    });
    assert!(poll(&mut second).is_none());
    poll(&mut first).unwrap();
    let zone = Zone::new(64);
    let value = zone.enter(|| poll(&mut second).unwrap());
    assert_eq!(*value, 5);
    assert!(zone.contains(&*value));
}

#[test]
fn a_forgotten_scope_costs_its_zone_and_nothing_else() {
    on_new_thread(|| {
        std::mem::forget(Scope::new(100));
        assert_eq!(zone_depth(), 1, "it is still there");
        assert_eq!(pop_zone().unwrap_err(), ZoneError::ScopeActive);
        let sum = letz!(a = [1_u32; 10] => {
            std::mem::forget(Scope::new(100));
            let forgotten = ZBox::new(3_u32);
            std::mem::forget(Scope::new(100));
            a.iter().sum::<u32>() + *forgotten
        });
        assert_eq!((sum, zone_depth()), (13, 1));
        scribble();
    });
}

#[test]
fn forgetting_boxes_handles_and_futures_only_leaks() {
    on_new_thread(|| {
        let mut zone = Zone::new(64);
        std::mem::forget(zone.boxed(String::from("lost")));
        assert_eq!(zone.reset(), Err(ZoneError::InUse { handles: 1 }), "it is in use for good");
        std::mem::forget(zone.clone());
        drop(zone);
        let mut future = Box::pin(task(1, 2));
        assert!(poll(&mut future.as_mut()).is_none());
        std::mem::forget(future);
        assert_eq!(beginz!(z => { z.alloc_slice(4, 2).len() }), 4);
        assert_eq!(zone_depth(), 1);
    });
}

#[test]
fn guards_may_be_moved_swapped_and_dropped_elsewhere() {
    let depth = zone_depth();
    let mut guards: Vec<Scope> = (0..8).map(|_| Scope::new(64)).collect();
    guards.swap(0, 7);
    guards.swap(2, 5);
    for guard in guards {
        scribble();
        drop(guard);
    }
    assert_eq!(zone_depth(), depth);
    assert_eq!(beginz!(z => { (z.used(), z.handles()) }), (0, 1));
}

thread_local! {
    static KEPT: RefCell<Vec<ZBox<String>>> = const { RefCell::new(Vec::new()) };
    static SCOPES: RefCell<Vec<Scope>> = const { RefCell::new(Vec::new()) };
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

/// Runs a closure when its thread ends.
struct AtExit(Option<Box<dyn FnOnce()>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        self.0.take().expect("dropped once")();
    }
}

fn at_exit(body: impl FnOnce() + 'static) {
    AT_EXIT.set(Some(AtExit(Some(Box::new(body)))));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads that end")]
fn boxes_in_thread_locals_outlive_the_stack() {
    for touch_first in [true, false] {
        let (sender, receiver) = channel();
        on_new_thread(move || {
            if touch_first {
                KEPT.with(|_| ());
                AT_EXIT.with(|_| ());
            }
            let of_default = ZBox::new("default".to_string());
            let of_scope =
                beginz!(z => { RefCell::new(vec![z.boxed("scope".to_string())]).take() });
            let of_pushed = push_new_zone(64).boxed("pushed".to_string());
            KEPT.with_borrow_mut(|kept| kept.extend([of_default, of_pushed]));
            KEPT.with_borrow_mut(|kept| kept.extend(of_scope));
            at_exit(move || {
                let texts = KEPT.try_with(|kept| kept.borrow().iter().map(|b| b.len()).sum());
                sender.send(texts.unwrap_or(18_usize)).unwrap();
            });
        });
        assert_eq!(receiver.recv().unwrap(), 18);
    }
}

#[test]
fn scopes_in_thread_locals_end_after_the_stack() {
    for touch_first in [true, false] {
        on_new_thread(move || {
            if touch_first {
                SCOPES.with(|_| ());
            }
            let scope = Scope::new(64);
            scope.zone().boxed(1);
            push_new_zone(64);
            SCOPES.with_borrow_mut(|scopes| scopes.extend([scope, Scope::new(64)]));
        });
    }
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads that end")]
fn scopes_and_allocations_in_destructors_of_thread_locals_work() {
    for touch_first in [true, false] {
        let (sender, receiver) = channel();
        on_new_thread(move || {
            if touch_first {
                AT_EXIT.with(|_| ());
            }
            let before = ZBox::new([3_u8; 20]);
            at_exit(move || {
                let copied = letz!(a = [1_u8; 50], b = [2_u8; 2000] => {
                    let sum = a.iter().chain(b.iter()).map(|&n| u32::from(n)).sum::<u32>();
                    beginz!({ ZBox::new(sum) })
                });
                let pushed = push_new_zone(100);
                let fresh = alloc::<u8>(10);
                let _ = pop_zone();
                pushed.enter(|| std::mem::drop(peek_zone()));
                set_keep_limit(1);
                sender.send((*copied, fresh.len(), before.len())).unwrap();
            });
        });
        assert_eq!(receiver.recv().unwrap(), (4050, 10, 20));
    }
}

#[test]
fn allocating_inside_what_makes_a_value_gives_it_other_memory() {
    let zone = Zone::new(128);
    let value = zone.alloc_with(|| {
        let inner = zone.alloc([1_u8; 16]);
        let deeper = zone.alloc_with(|| zone.alloc_slice(40, 2_u8).len());
        [inner[0], *deeper as u8, 3]
    });
    assert_eq!(*value, [1, 40, 3]);

    let slice = zone.alloc_slice_with(5, |n| {
        zone.alloc_slice_with(n, |m| zone.alloc(m).wrapping_add(n)).iter().sum::<usize>()
    });
    assert_eq!(slice[..], [0, 1, 5, 12, 22]);

    let boxes = RefCell::new(Vec::new());
    let items = zone.alloc_iter((0..50_u16).map(|n| {
        boxes.borrow_mut().push(zone.boxed(n));
        if n % 3 == 0 {
            boxes.borrow_mut().remove(0);
        }
        zone.alloc_str(if n % 2 == 0 { "even" } else { "odd" }).len() as u16 + n
    }));
    assert!(items.iter().enumerate().all(|(n, &len)| len == n as u16 + 4 - (n % 2) as u16));

    struct Loud<'z>(&'z Zone);
    impl std::fmt::Display for Loud<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.alloc_slice(33, 0xFF_u8);
            f.write_str("loud")?;
            f.write_str(self.0.alloc_fmt(format_args!("er {}", self.0.used() > 0)))
        }
    }
    let text = memzone::zformat!(zone, "a {}, b {}", Loud(&zone), Loud(&zone));
    assert_eq!(text, "a louder true, b louder true");
}

#[test]
fn an_iterator_that_resets_nothing_but_ends_scopes_is_harmless() {
    let depth = zone_depth();
    let slice = beginz!(z => {
        let inner = RefCell::new(Some(Scope::new(64)));
        let items = z.alloc_iter((0..10_u8).inspect(|&n| {
            if n == 5 {
                inner.take().unwrap().end();
                scribble();
            }
        }));
        items.iter().map(|&n| u32::from(n)).sum::<u32>()
    });
    assert_eq!((slice, zone_depth()), (45, depth));
}

#[test]
fn a_clone_that_allocates_is_harmless() {
    struct Costly<'z>(&'z Zone, u8);
    impl Clone for Costly<'_> {
        fn clone(&self) -> Self {
            self.0.alloc_slice(20, 0xEE_u8);
            Costly(self.0, self.1 + 1)
        }
    }
    let zone = Zone::new(64);
    let first = zone.boxed(Costly(&zone, 1));
    let second = first.clone();
    let third = second.clone();
    assert_eq!((first.1, second.1, third.1), (1, 2, 3));
}

/// Copies itself in ways that use all that it can reach.
struct Busy<'a>(&'a Cell<u32>);

impl<'z> DeepCopy<'z> for Busy<'_> {
    type Copied = &'z u32;
    fn deep_copy(&self, to: &'z Zone) -> Result<&'z u32, ZoneError> {
        self.0.set(self.0.get() + 1);
        let copied = to.alloc(self.0.get());
        push_new_zone(64);
        let inner: u32 = beginz!(z in to => {
            z.alloc_slice(100, 0xDD_u8);
            push_zone(z);
            zcopy(&5_u32, z)
        });
        assert_eq!(inner, 5);
        std::mem::forget(Scope::new(16));
        Ok(copied)
    }
}

#[test]
fn a_deep_copy_that_scopes_pushes_and_forgets_is_harmless() {
    on_new_thread(|| {
        let depth = zone_depth();
        let count = Cell::new(0);
        let outer = Zone::new(64);
        let copied = beginz!(z in &outer => {
            z.alloc(1);
            [Busy(&count), Busy(&count), Busy(&count)]
        });
        scribble();
        assert_eq!(copied, [&1, &2, &3]);
        assert_eq!(zone_depth(), depth);
        let items = [Busy(&count), Busy(&count)];
        let slice = outer.enter(|| zcopy(&&items[..], &outer));
        assert_eq!((slice[0], slice[1], zone_depth()), (&4, &5, depth));
    });
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn hooks_may_push_scope_allocate_and_panic() {
    on_new_thread(|| {
        let depth = zone_depth();
        let (sender, ran) = channel();
        let sum = beginz!(z => {
            let (first, second) = (sender.clone(), sender.clone());
            z.on_cleanup(move || {
                push_new_zone(64);
                first.send(letz!(a = [1; 10] => { a.iter().sum::<i32>() })).unwrap();
            });
            z.on_cleanup(move || {
                second.send(*ZBox::new(2)).unwrap();
                std::mem::forget(Scope::new(8));
            });
            *z.alloc(3)
        });
        assert_eq!(sum, 3);
        assert_eq!(ran.try_iter().collect::<Vec<_>>(), [2, 10], "newest first");
        while pop_zone().is_ok() {}
        let hook = sender.clone();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            beginz!(z => {
                z.on_cleanup(move || hook.send(4).unwrap());
                z.on_cleanup(|| panic!("in a hook"));
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(ran.try_iter().collect::<Vec<_>>(), [4]);
        assert!(zone_depth() <= depth + 1);
        assert_eq!(beginz!(z => { (z.used(), z.handles()) }), (0, 1));
    });
}

#[test]
fn destructors_of_boxes_may_do_all_of_that_too() {
    struct Noisy(Zone, &'static str);
    impl Drop for Noisy {
        fn drop(&mut self) {
            self.0.alloc_str(self.1);
            drop(self.0.boxed(1_u8));
            push_zone(&self.0);
            letz!(a = [1_u8; 100] => { assert_eq!(a.len(), 100) });
        }
    }
    on_new_thread(|| {
        let zone = Zone::new(64);
        beginz!({
            let boxed = zone.boxed(Noisy(zone.clone(), "noise"));
            drop(boxed);
            ZBox::new(Noisy(zone.clone(), "from the scope's zone"));
        });
        assert_eq!((zone_depth(), zone.handles()), (0, 1));
        // In the zone that it holds itself: they keep each other.
        let handle = zone.clone();
        let own = zone.boxed(Noisy(handle, "own"));
        drop(zone);
        drop(own);
        assert_eq!(zone_depth(), 1);
    });
}

#[test]
fn a_zone_may_be_dropped_while_it_is_current() {
    on_new_thread(|| {
        let inner = push_new_zone(64);
        let text = inner.boxed("kept".to_string());
        drop(inner);
        let value = beginz!(z => {
            let popped = pop_zone();
            assert_eq!(popped.unwrap_err(), ZoneError::ScopeActive);
            *z.alloc(1)
        });
        drop(pop_zone());
        assert_eq!((value, &**text), (1, "kept"));
        let zone = Zone::new(64);
        zone.enter(|| {
            // `enter` borrows the handle, the stack holds the zone: popping it is allowed.
            assert!(pop_zone().is_ok());
            assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty);
            push_new_zone(16);
        });
        assert_eq!((zone_depth(), zone.handles()), (0, 1));
    });
}

#[test]
fn a_scope_that_is_entered_again_and_again_by_a_recursive_copy_is_harmless() {
    /// Copies itself through scopes, deeper and deeper.
    struct Deep(u32);
    impl<'z> DeepCopy<'z> for Deep {
        type Copied = &'z [u32];
        fn deep_copy(&self, to: &'z Zone) -> Result<Self::Copied, ZoneError> {
            if self.0 == 0 {
                return Ok(to.alloc_slice(3, 1_u32));
            }
            let copied = memzone::try_beginz!(z in to => { z.alloc(0); Deep(self.0 - 1) })?;
            Ok(to.alloc_slice_copy(copied))
        }
    }
    let outer = Zone::new(64);
    assert_eq!(beginz!(_ in &outer => Deep(50))[..], [1; 3]);
    assert_eq!(zone_depth(), 0);
}

/// Found by the fuzz target `zones`: what lies above a scope or `Zone::enter` goes with it, and a hook's panic
/// there kept the rest of the stack from being taken off.
#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_hook_that_panics_above_a_scope_leaves_nothing_on_the_stack() {
    /// Leaves two zones on the stack that only the stack holds.
    fn leave_bombs(runs: &Arc<AtomicUsize>) {
        for _ in 0..2 {
            let runs = Arc::clone(runs);
            // Where one panics already, a second would end the process.
            push_new_zone(64).on_cleanup(move || {
                let first = runs.fetch_add(1, Ordering::Relaxed) % 2 == 0;
                assert!(!first, "a hook panics");
            });
        }
    }
    on_new_thread(|| {
        let (runs, zone) = (Arc::new(AtomicUsize::new(0)), Zone::new(64));
        push_zone(&zone);
        for round in 1..4 {
            let kept = Cell::new(None);
            let scope = || beginz!(z => { kept.set(Some(z.boxed(7_u8))); leave_bombs(&runs); });
            assert!(catch_unwind(AssertUnwindSafe(scope)).is_err());
            assert_eq!((zone_depth(), runs.load(Ordering::Relaxed)), (1, round * 4 - 2));
            let boxed = kept.take().unwrap();
            assert_eq!(
                (*boxed, ZBox::zone(&boxed).handles()),
                (7, 1),
                "the scope's handle is gone"
            );
            let enter = || zone.enter(|| leave_bombs(&runs));
            assert!(catch_unwind(AssertUnwindSafe(enter)).is_err());
            assert_eq!((zone_depth(), runs.load(Ordering::Relaxed)), (1, round * 4));
            scribble();
        }
        assert_eq!(pop_zone().map(drop), Ok(()));
        assert_eq!(destroy_zone(zone), Ok(()));
    });
}
