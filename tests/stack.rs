//! The thread's stack of zones, and the spare zones of its scopes.

#[path = "common/counting.rs"]
mod counting;

use counting::Watch;
use memzone::rt::{self, Plan, Policy};
use memzone::{
    ZBox, Zone, ZoneError, alloc, beginz, destroy_zone, letz, peek_zone, pop_zone, push_new_zone,
    push_zone, reset_zone, set_keep_limit, stats, try_letz, try_push_zone, zalloc, zone_depth,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Of the threads that nest scopes, whatever `RUST_MIN_STACK` says. In a debug build a scope takes 600 bytes to 3 KiB of the
/// machine's stack (with the features `profile` and `tracing` half a KiB more), and 64 bytes in an optimised one.
const STACK: usize = 64 << 20;

/// Runs `body` on a thread of its own, so with a stack of zones of its own.
fn on_new_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return body();
    }
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(body).expect("a thread");
    thread.join().expect("the thread does not panic")
}

/// Whether two handles are to the same zone.
fn same(a: &Zone, b: &Zone) -> bool {
    let probe = a.boxed(0_u8);
    b.contains(&*probe)
}

#[test]
fn at_the_bottom_lies_a_default_zone_of_1_mib_made_on_first_use() {
    on_new_thread(|| {
        let before = counting::bytes_asked();
        assert_eq!(zone_depth(), 0);
        assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty);
        assert_eq!(counting::bytes_asked(), before, "neither needs one");
        let zone = peek_zone();
        assert!(zone.capacity() >= 1 << 20, "{zone}");
        assert!(zone.capacity() < (1 << 20) + 8192, "{zone}");
        assert_eq!((zone.name(), zone_depth()), (Some("default"), 0));
        assert!(same(&zone, &peek_zone()), "there is one for each thread");
        assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty, "it is never popped");
        let boxed = ZBox::new(5);
        assert!(zone.contains(&*boxed));
    });
}

#[test]
fn pushing_makes_a_zone_current_and_popping_gives_it_back() {
    let (a, b) = (Zone::new(64), Zone::new(64));
    let depth = zone_depth();
    push_zone(&a);
    push_zone(&b);
    let c = push_new_zone(100);
    assert!(c.capacity() >= 100);
    assert_eq!(zone_depth(), depth + 3);
    assert!(same(&peek_zone(), &c));
    assert!(same(&pop_zone().unwrap(), &c));
    assert!(same(&peek_zone(), &b));
    assert!(same(&pop_zone().unwrap(), &b));
    assert!(same(&pop_zone().unwrap(), &a));
    assert_eq!(zone_depth(), depth);
    assert_eq!((a.handles(), b.handles(), c.handles()), (1, 1, 1));
}

#[test]
fn one_zone_may_be_pushed_more_than_once() {
    let mut zone = Zone::new(64);
    let depth = zone_depth();
    for _ in 0..3 {
        push_zone(&zone);
    }
    assert_eq!((zone_depth(), zone.handles()), (depth + 3, 1));
    assert_eq!(zone.reset(), Ok(()), "its entries do not make it in use");
    for left in [2, 1, 0] {
        assert!(same(&pop_zone().unwrap(), &zone));
        assert_eq!(zone_depth(), depth + left);
    }
    assert_eq!(destroy_zone(zone), Ok(()));
}

#[test]
fn zones_are_pushed_beyond_the_first_array() {
    on_new_thread(|| {
        let (outer, zone) = (Zone::new(64), Zone::new(64));
        push_zone(&outer);
        for depth in 1..100 {
            // What is pushed while it is entered may move all entries to a longer array.
            zone.enter(|| {
                assert_eq!((zone_depth(), zone.handles()), (depth + 1, 1));
                (0..depth).for_each(|_| push_zone(&zone));
            });
            assert!(same(&peek_zone(), &outer), "what was left is gone");
            push_zone(&outer);
        }
        while pop_zone().is_ok_and(|popped| same(&popped, &outer)) {}
        assert_eq!((zone_depth(), outer.handles(), zone.handles()), (0, 1, 1));
        assert_eq!((destroy_zone(outer), destroy_zone(zone)), (Ok(()), Ok(())), "no entry is left");
    });
}

/// It has one entry more than others, for being the default zone. What is pushed 67 million times ran over once.
#[test]
#[ignore = "takes 300 MB, and up to a minute"]
fn the_default_zone_may_be_pushed_as_often_as_there_is_room() {
    on_new_thread(|| {
        let zone = peek_zone();
        let live = stats::thread().live;
        let pushed = (0..1_usize << 26).filter(|_| try_push_zone(&zone).is_ok()).count();
        assert_eq!((pushed, zone_depth(), zone.handles()), (8_388_606, pushed, 1));
        assert!(matches!(try_push_zone(&zone), Err(ZoneError::TooLarge { .. })));
        drop(zone);
        assert_eq!((stats::thread().live, peek_zone().handles()), (live, 1), "it is still there");
    });
}

#[test]
fn the_stack_keeps_what_is_pushed() {
    let zone = Zone::new(64);
    let value = zone.boxed([7_u8; 32]);
    let address = value.as_ptr();
    push_zone(&zone);
    assert_eq!(destroy_zone(zone), Err(ZoneError::InUse { handles: 2 }));
    drop(value);
    // Only the entry holds it now.
    assert_eq!(alloc::<u8>(32).as_ptr(), address, "the same zone, and its first place");
    let zone = pop_zone().unwrap();
    assert_eq!(zone.handles(), 1);
    assert_eq!(destroy_zone(zone), Ok(()));
}

#[test]
fn resetting_counts_handles_boxes_and_scopes_but_no_entries() {
    let mut zone = Zone::new(64);
    push_zone(&zone);
    zone.alloc(1);
    assert_eq!(reset_zone(&mut zone), Ok(()));
    assert_eq!(zone.used(), 0);
    let clone = zone.clone();
    let boxed = zone.boxed(2);
    assert_eq!(reset_zone(&mut zone), Err(ZoneError::InUse { handles: 2 }));
    drop((clone, boxed));
    assert_eq!(reset_zone(&mut zone), Ok(()));
    drop(pop_zone().unwrap());
    let refused = beginz!(z => { z.clone().reset() });
    assert_eq!(refused, Err(ZoneError::InUse { handles: 1 }), "by its scope");
}

#[test]
fn a_scopes_zone_is_not_popped() {
    let depth = zone_depth();
    beginz!(z => {
        assert_eq!(zone_depth(), depth + 1);
        assert_eq!(pop_zone().unwrap_err(), ZoneError::ScopeActive);
        let pushed = push_new_zone(64);
        assert!(same(&pop_zone().unwrap(), &pushed));
        assert_eq!(pop_zone().unwrap_err(), ZoneError::ScopeActive);
        assert!(same(&peek_zone(), z));
    });
    assert_eq!(zone_depth(), depth);
}

#[test]
fn a_scopes_own_zone_may_be_pushed_and_popped() {
    let depth = zone_depth();
    beginz!(z => {
        push_zone(z);
        push_zone(z);
        assert_eq!((zone_depth(), z.handles()), (depth + 3, 1));
        assert!(same(&pop_zone().unwrap(), z));
        assert_eq!(z.alloc(5), &5);
    });
    // One was left behind.
    assert_eq!(zone_depth(), depth);
    assert_eq!(beginz!(z => { (z.used(), z.handles()) }), (0, 1), "rewound for the next one");
}

#[test]
fn what_is_left_pushed_is_removed_when_the_scope_ends() {
    let depth = zone_depth();
    let zone = Zone::new(64);
    let value = beginz!(_z => {
        push_zone(&zone);
        push_new_zone(64);
        push_zone(&zone);
        beginz!({ push_zone(&zone); ZBox::new(1_u64) })
    });
    assert_eq!(zone_depth(), depth);
    assert_eq!(zone.handles(), 1);
    assert_eq!(destroy_zone(zone), Ok(()), "nothing holds it");
    assert!(same(ZBox::zone(&value), &peek_zone()), "copied below the outer scope");
}

#[test]
fn a_value_is_copied_below_its_scope_whatever_the_body_has_pushed() {
    let below = Zone::new(256);
    below.enter(|| {
        let value = beginz!({
            push_new_zone(64);
            ZBox::new(3)
        });
        assert!(same(ZBox::zone(&value), &below));
    });
}

#[test]
fn popping_in_the_wrong_order_takes_what_is_on_top() {
    let (a, b) = (Zone::new(64), Zone::new(64));
    push_zone(&a);
    push_zone(&b);
    let first = pop_zone().unwrap();
    let second = pop_zone().unwrap();
    assert!(same(&first, &b) && same(&second, &a));
    // Taken from below by a scope that pops more than it pushed: stopped at its own zone.
    push_zone(&a);
    beginz!({
        assert_eq!(pop_zone().unwrap_err(), ZoneError::ScopeActive);
    });
    assert!(same(&pop_zone().unwrap(), &a));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn entering_a_zone_restores_the_stack_also_on_unwinding() {
    let (zone, other) = (Zone::new(256), Zone::new(64));
    let depth = zone_depth();
    let boxed = zone.enter(|| {
        push_zone(&other);
        push_zone(&other);
        drop(pop_zone());
        drop(pop_zone());
        push_zone(&other);
        peek_zone().boxed(1)
    });
    assert!(same(ZBox::zone(&boxed), &other));
    assert_eq!(zone_depth(), depth);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        zone.enter(|| {
            push_zone(&other);
            panic!("in the body")
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(zone_depth(), depth);
    drop(boxed);
    assert_eq!((zone.handles(), other.handles()), (1, 1));
    assert_eq!((destroy_zone(zone), destroy_zone(other)), (Ok(()), Ok(())));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn the_stack_may_be_10_000_levels_deep() {
    const DEPTH: usize = if cfg!(miri) { 200 } else { 10_000 };
    fn scopes(left: usize, base: usize) -> usize {
        if left == 0 {
            return zone_depth() - base;
        }
        beginz!(64, z => {
            let own = z.alloc(left);
            let depth = scopes(left - 1, base);
            assert_eq!(*own, left, "nothing below is lost");
            depth
        })
    }
    let depth = on_new_thread(|| {
        let zone = Zone::new(64);
        for level in 0..DEPTH {
            assert_eq!(zone_depth(), level);
            push_zone(&zone);
        }
        for _ in 0..DEPTH {
            assert!(pop_zone().is_ok());
        }
        assert_eq!(destroy_zone(zone), Ok(()));
        assert_eq!(scopes(DEPTH, zone_depth()), DEPTH);
        zone_depth()
    });
    assert_eq!(depth, 0);
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn pushing_and_scopes_ask_for_nothing_at_a_depth_reached_before() {
    on_new_thread(|| {
        let zone = Zone::new(64);
        let round = || {
            for _ in 0..40 {
                push_zone(&zone);
            }
            letz!(a = [1_u8; 100] => { a.iter().map(|a| u32::from(*a)).sum::<u32>() });
            for _ in 0..40 {
                drop(pop_zone());
            }
        };
        round();
        let before = (counting::calls(), counting::frees());
        for _ in 0..10 {
            round();
        }
        assert_eq!((counting::calls(), counting::frees()), before);
    });
}

#[test]
fn alloc_gives_default_values_in_the_current_zone() {
    let zone = Zone::new(1024);
    zone.alloc_slice(100, 0xFF_u8);
    zone.enter(|| {
        let samples = alloc::<f32>(64);
        assert_eq!(samples[..], [0.0; 64]);
        assert!(zone.contains(samples.as_ptr()));
        let flags = zalloc::<bool>(3);
        assert_eq!(flags[..], [false; 3]);
        assert_eq!(alloc::<u64>(0).len(), 0);
    });
}

#[test]
fn alloc_does_not_trust_a_default_that_allocates() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Greedy(u64);
    impl Default for Greedy {
        fn default() -> Self {
            push_new_zone(64);
            peek_zone().alloc_slice(3, 9_u64);
            Greedy(4)
        }
    }
    let depth = zone_depth();
    assert_eq!(alloc::<Greedy>(3)[..], [Greedy(4); 3]);
    assert_eq!(zone_depth(), depth + 1, "what it pushed is its own affair");
    drop(pop_zone());
}

/// What the thread's spare zones hold, found by how much is given back when they are dropped.
fn given_back(change: impl FnOnce()) -> u64 {
    let before = counting::bytes_freed();
    change();
    counting::bytes_freed() - before
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn a_scope_that_grew_keeps_its_blocks_for_the_next_one() {
    on_new_thread(|| {
        let grow =
            || beginz!(z => { z.alloc_slice(100, 1_u8); z.alloc_uninit::<u8>(1 << 20).len() });
        grow();
        let before = (counting::calls(), counting::frees());
        grow();
        assert_eq!((counting::calls(), counting::frees()), before);
    });
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn a_thread_gives_back_what_its_spares_hold_over_the_keep_limit() {
    on_new_thread(|| {
        let grow = |bytes: usize| beginz!(z => { z.alloc_uninit::<u8>(bytes); });
        set_keep_limit(1 << 20);
        grow(900_000);
        assert_eq!(given_back(|| grow(800_000)), 0, "within the limit");
        let freed = given_back(|| grow(3 << 20));
        assert!(freed >= 3 << 20, "{freed}");
        let before = counting::calls();
        grow(800_000);
        assert_eq!(counting::calls(), before, "the block that fits was kept");

        // A lower limit takes effect at once for idle spares, and for active ones when they end.
        assert!(given_back(|| set_keep_limit(150_000)) >= 800_000);
        grow(50_000);
        let before = counting::calls();
        grow(50_000);
        assert_eq!(counting::calls(), before, "what grew before does not make it grow too far");
        let freed = given_back(|| {
            beginz!(z => {
                z.alloc_uninit::<u8>(90_000);
                set_keep_limit(10_000);
                z.alloc_slice(10, 1_u8);
            });
        });
        assert!(freed >= 90_000, "{freed}");
        set_keep_limit(0);
        assert_eq!(
            beginz!(z => { z.alloc_slice(10, 1_u8).len() }),
            10,
            "nothing is kept, all works"
        );
    });
}

/// Enters `depth` scopes in one another, and takes `bytes` in each.
fn nest(depth: usize, bytes: usize) {
    if depth > 0 {
        beginz!(z => {
            z.alloc_uninit::<u8>(bytes);
            nest(depth - 1, bytes);
        });
    }
}

/// All spare zones of a thread together, not each. 10,000 of them kept 368 MB.
#[test]
fn the_keep_limit_is_one_for_all_spare_zones() {
    let deep = if cfg!(miri) { 30 } else { 1000 };
    on_new_thread(move || {
        let limit = deep * 4000;
        set_keep_limit(limit);
        for bytes in [1, 100, 50_000] {
            nest(deep, bytes);
            let live = stats::thread().live;
            assert!(live <= limit as i64, "{live} of {limit} for {bytes}");
            assert!(live > limit as i64 / 2, "{live} of {limit} are kept for {bytes}");
        }
        // What is kept are the outer ones, which every scope uses.
        let before = stats::thread().requests;
        for _ in 0..100 {
            beginz!(z => { z.alloc(1_u8); });
        }
        assert_eq!(stats::thread().requests, before);
        // One scope that grows takes from what only deeper ones use.
        beginz!(z => { z.alloc_uninit::<u8>(limit - 40_000); });
        let live = stats::thread().live;
        assert!(live <= limit as i64 && live > limit as i64 - 40_000, "{live}");
        // The limit is kept by what is pushed over, by zones that are held, and by hooks.
        beginz!(z => {
            nest(deep, 30_000);
            push_new_zone(1000);
            z.on_cleanup(|| ());
        });
        assert!(stats::thread().live <= limit as i64);
        set_keep_limit(0);
        assert_eq!(stats::thread().live, 0);
    });
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn a_plan_is_kept_whatever_else_grows() {
    on_new_thread(|| {
        set_keep_limit(0);
        rt::prepare_thread(&Plan::new().scopes(3, 100_000).default_zone(0).prefault(false))
            .unwrap();
        let planned = stats::thread().live;
        assert!((300_000..500_000).contains(&planned), "{planned}");
        for _ in 0..if cfg!(miri) { 3 } else { 200 } {
            nest(10, 200_000);
            let _section = rt::enter(Policy::Deny);
            let [one, two, three] = [(); 3].map(|()| [0_u8; 64]);
            let result = try_letz!(100_000, a = one => {
                try_letz!(100_000, b = two => try_letz!(100_000, c = three => a[0] + b[0] + c[0]))
            });
            assert_eq!(result, Ok(Ok(Ok(0))));
        }
        assert_eq!(stats::thread().live, planned);
        assert_eq!(memzone::trim_spares(), 0, "what is planned is no spare to give back");
        set_keep_limit(150_000);
        assert!(stats::thread().live <= 150_000, "but where the limit says so");
    });
}

/// One deep excursion does not cost memory for ever, though the limit would allow it.
#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn spare_zones_that_are_not_used_for_long_are_given_back() {
    on_new_thread(|| {
        nest(20, 1);
        let after = stats::thread().live;
        assert!(after >= (20 * 32) << 10);
        // What is used stays, and is not made again; so do scopes that only put a cursor back.
        nest(2, 100_000);
        let before = stats::thread().requests;
        for _ in 0..300 {
            nest(1, 100_000);
            nest(2, 1);
        }
        assert_eq!(stats::thread().requests, before);
        assert_eq!(stats::thread().spares, 2, "those that were used");
        // In a section nothing is given back, nor is that asked for.
        nest(20, 1);
        let section = rt::enter(Policy::Deny);
        for _ in 0..300 {
            nest(1, 100_000);
        }
        assert_eq!((section.report().asked(), stats::thread().spares), (0, 20));
        drop(section);
        for _ in 0..300 {
            nest(1, 100_000);
        }
        assert_eq!(stats::thread().spares, 1);
        assert_eq!(memzone::trim_spares(), 1);
        assert_eq!(stats::thread().live, 0);
        let _section = rt::enter(Policy::Count);
        nest(3, 1);
        assert_eq!(memzone::trim_spares(), 0, "not in a section");
    });
}

/// The sizes of what a thread keeps are its own to choose, down to nothing.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_thread_chooses_the_sizes_of_its_zones() {
    use memzone::{set_default_zone_size, set_spare_size};
    let live = || stats::thread().live;
    on_new_thread(move || {
        beginz!(());
        assert!((32 << 10..40 << 10).contains(&live()), "{}", live());
        peek_zone().alloc(1_u8);
        assert!(live() > 1 << 20);
    });
    on_new_thread(move || {
        set_spare_size(0);
        set_default_zone_size(0);
        beginz!(());
        assert!((4096..10_000).contains(&live()), "a scope asks for 4,096: {}", live());
        memzone::trim_spares();
        beginz!(100, ());
        let spare = live();
        assert!(spare < 1000, "{spare}");
        assert_eq!(*ZBox::new(5), 5);
        assert!(live() - spare < 1000, "{}", live());
        peek_zone().alloc_uninit::<u8>(100_000);
        assert!(live() > 100_000, "it grows");
    });
    on_new_thread(move || {
        rt::prepare_thread(&Plan::new().scopes(2, 5000).spare_size(0).default_zone(0)).unwrap();
        assert!((10_000..25_000).contains(&live()), "{}", live());
        let section = rt::enter(Policy::Deny);
        nest(2, 4000);
        assert_eq!(section.report().asked(), 0);
        assert!(memzone::try_peek_zone().is_err(), "there is no default zone");
        drop(section);
        assert_eq!(peek_zone().alloc(1_u8), &1);
    });
    on_new_thread(move || {
        rt::prepare_thread(&Plan::new().scopes(0, 0).default_zone(5000)).unwrap();
        assert!((5000..12_000).contains(&live()), "{}", live());
        assert!(peek_zone().remaining() >= 5000);
    });
}

#[test]
fn the_keep_limit_is_16_mib_where_nothing_is_set() {
    let grow = |bytes: usize| beginz!(z => { z.alloc_uninit::<u8>(bytes); });
    on_new_thread(move || {
        grow(1);
        assert_eq!(given_back(|| grow(15 << 20)), 0);
    });
    on_new_thread(move || {
        assert!(given_back(|| grow(17 << 20)) >= 17 << 20);
    });
}

#[test]
fn a_scope_has_the_room_it_asked_for_before_it_grows() {
    on_new_thread(|| {
        for bytes in [0, 1, 15, 16, 17, 4000, 4096, 32 << 10, 33_000, 100_000, 1 << 20, 10] {
            let (blocks, filled) = memzone::beginz!(bytes, z => {
                assert!(z.remaining() >= bytes, "{z}");
                z.alloc_uninit::<u8>(bytes);
                (z.blocks(), z.used())
            });
            assert_eq!(blocks, 1, "for {bytes}");
            assert!(filled >= bytes);
        }
        // In a zone that holds nothing yet beside spares that are too small.
        let inner = beginz!({ beginz!(50_000, z => { (z.blocks(), z.remaining() >= 50_000) }) });
        assert_eq!(inner, (1, true));
    });
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_thread_frees_all_its_zones_when_it_ends() {
    static WATCH: Watch = Watch::new(200);
    on_new_thread(|| {
        WATCH.watch_this_thread();
        alloc::<u64>(1000);
        push_new_zone(10_000);
        push_zone(&Zone::new(3000));
        beginz!({ beginz!(100_000, z => { z.alloc_uninit::<u8>(200_000).len() }) });
        // Left pushed.
        assert_eq!(zone_depth(), 2);
    });
    assert!(WATCH.bytes_asked() > 300_000 + (1 << 20));
    assert_eq!(WATCH.bytes_asked(), WATCH.bytes_freed());
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn hooks_of_pushed_zones_run_when_the_thread_ends() {
    let (sender, ran) = std::sync::mpsc::channel();
    on_new_thread(move || {
        let pushed = push_new_zone(1000);
        let (first, second) = (sender.clone(), sender);
        pushed.on_cleanup(move || first.send("pushed").unwrap());
        peek_zone().on_cleanup(|| ());
        drop(pushed);
        drop(pop_zone());
        peek_zone().on_cleanup(move || second.send("default").unwrap());
    });
    assert_eq!(ran.iter().collect::<Vec<_>>(), ["pushed", "default"]);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn threads_have_stacks_of_their_own() {
    push_new_zone(64);
    let depth = zone_depth();
    on_new_thread(|| {
        assert_eq!(zone_depth(), 0);
        push_new_zone(64);
    });
    assert_eq!(zone_depth(), depth);
    drop(pop_zone());
}

#[test]
fn a_scope_over_a_pushed_zone_is_the_current_one() {
    let zone = Zone::new(1024);
    zone.enter(|| {
        beginz!(z => {
            let boxed = ZBox::new(1_u8);
            assert!(z.contains(&*boxed) && zone.used() == 0);
            zone.enter(|| assert!(zone.contains(&*ZBox::new(2_u8))));
            let boxed = ZBox::new(3_u8);
            assert!(z.contains(&*boxed) && peek_zone().contains(&*boxed));
        });
        assert!(zone.contains(&*ZBox::new(4_u8)));
    });
    assert_eq!((zone.used(), zone.handles()), (0, 1));
}
