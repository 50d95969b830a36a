//! Prepared threads and real-time sections.

#[path = "common/counting.rs"]
mod counting;

use memzone::rt::{self, Locked, Plan, Policy, Request};
use memzone::{
    HBox, RtHeap, System, ZBox, Zone, ZoneError, beginz, destroy_zone, halloc, halloc_in, letz,
    peek_zone, pop_zone, push_zone, salloc_with, set_keep_limit, try_alloc, try_beginz, try_halloc,
    try_peek_zone, try_push_new_zone, try_push_zone, try_zcopy, zcopy, zone_depth,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is put aside is the whole process's: tests that look at it take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    rt::collect();
    turn
}

fn on_new_thread<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return body();
    }
    std::thread::spawn(body).join().unwrap()
}

fn denied(request: Request) -> impl Fn(&ZoneError) -> bool {
    move |error| matches!(error, ZoneError::Denied { request: of, .. } if *of == request)
}

/// The bytes that `body` gives back to the system.
fn given_back<R>(body: impl FnOnce() -> R) -> (R, u64) {
    let before = counting::bytes_freed();
    let result = body();
    (result, counting::bytes_freed() - before)
}

fn nest(depth: usize) -> Result<usize, ZoneError> {
    match depth {
        0 => Ok(0),
        _ => try_beginz!(4096, z => { z.alloc_uninit::<u8>(1000); nest(depth - 1)? + 1 }),
    }
}

// Preparing.

#[test]
fn a_prepared_thread_asks_for_nothing_within_its_plan() {
    on_new_thread(|| {
        let plan = Plan::new().scopes(20, 100_000).default_zone(2 << 20);
        let prepared = rt::prepare_thread(&plan).unwrap();
        assert!(prepared.bytes() > 20 * 100_000 + (2 << 20), "{prepared:?}");
        assert!(prepared.pages() >= prepared.bytes() / 4096, "{prepared:?}");
        assert_eq!((prepared.scopes(), prepared.locked()), (20, Locked::NotAsked));

        let section = rt::enter(Policy::Deny);
        let (calls, frees) = (counting::calls(), counting::frees());
        for _ in 0..10 {
            assert_eq!(nest(20), Ok(20));
            beginz!(100_000, z => { z.alloc_uninit::<u8>(90_000); });
            peek_zone().alloc_uninit::<u8>(100_000);
            drop(ZBox::new([0_u8; 1000]));
        }
        assert_eq!((counting::calls(), counting::frees()), (calls, frees));
        let report = section.report();
        assert_eq!((report.asked(), report.denied(), report.bytes()), (0, 0, 0));

        assert!(nest(21).is_err_and(|error| denied(Request::NewZone)(&error)));
        assert_eq!(nest(20), Ok(20));
        assert_eq!(section.report().asked_for(Request::NewZone), 1);
    });
}

#[test]
fn preparing_twice_only_adds() {
    on_new_thread(|| {
        let plan = Plan::new().scopes(3, 50_000).default_zone(100_000);
        let first = rt::prepare_thread(&plan).unwrap();
        let calls = counting::calls();
        let second = rt::prepare_thread(&plan).unwrap();
        assert_eq!(counting::calls(), calls);
        assert_eq!(second.bytes(), first.bytes());

        // Less is there already, more is added, and what is in use stays as it is.
        let kept = peek_zone().boxed_slice(5_000, 7_u8);
        rt::prepare_thread(&Plan::new().scopes(1, 10).default_zone(0)).unwrap();
        let more =
            rt::prepare_thread(&Plan::new().scopes(5, 60_000).default_zone(3 << 20)).unwrap();
        assert!(more.bytes() > first.bytes() + (2 << 20), "{more:?} after {first:?}");
        assert!(kept.iter().all(|&byte| byte == 7));
        let _section = rt::enter(Policy::Deny);
        assert_eq!(nest(5), Ok(5));
        assert!(peek_zone().try_alloc_uninit::<u8>(3 << 20).is_ok());
    });
}

#[test]
fn preparing_inside_a_scope_counts_from_there() {
    on_new_thread(|| {
        beginz!(z => {
            let before = z.alloc_slice(10, 1_u8);
            rt::prepare_thread(&Plan::new().scopes(4, 1000)).unwrap();
            let _section = rt::enter(Policy::Deny);
            assert_eq!(nest(4), Ok(4));
            assert!(nest(5).is_err());
            assert_eq!(before, [1; 10]);
        });
    });
}

#[test]
fn a_large_plan_raises_the_keep_limit() {
    on_new_thread(|| {
        set_keep_limit(0);
        rt::prepare_thread(&Plan::new().scopes(1, 20 << 20).prefault(false)).unwrap();
        let ((), freed) = given_back(|| {
            for _ in 0..2 {
                beginz!(20 << 20, z => { z.alloc_uninit::<u8>(19 << 20); })
            }
        });
        assert_eq!(freed, 0);
    });
}

#[test]
fn what_cannot_be_had_is_an_error_and_the_thread_goes_on() {
    on_new_thread(|| {
        let huge = Plan::new().scopes(1, usize::MAX);
        assert!(matches!(rt::prepare_thread(&huge), Err(ZoneError::TooLarge { .. })));
        let deep = Plan::new().scopes(usize::MAX, 1);
        assert!(matches!(rt::prepare_thread(&deep), Err(ZoneError::TooLarge { .. })));
        let wide = Plan::new().default_zone(usize::MAX);
        assert!(rt::prepare_thread(&wide).is_err());
        let refused = counting::without_memory(|| rt::prepare_thread(&Plan::new().scopes(40, 1)));
        assert!(matches!(refused, Err(ZoneError::OutOfMemory { .. })), "{refused:?}");
        let section = rt::enter(Policy::Deny);
        let refused = rt::prepare_thread(&Plan::new().scopes(60, 1));
        assert!(refused.is_err_and(|error| matches!(error, ZoneError::Denied { .. })));
        drop(section);
        rt::prepare_thread(&Plan::new().scopes(60, 1)).unwrap();
        assert_eq!(nest(60), Ok(60));
    });
}

#[test]
fn the_stack_is_touched_as_far_as_it_goes() {
    on_new_thread(|| {
        let prepared = rt::prepare_thread(&Plan::new().stack(100_000)).unwrap();
        assert_eq!(prepared.stack(), 100_000);
        let most = rt::prepare_thread(&Plan::new().stack(usize::MAX)).unwrap().stack();
        assert!(most >= 100_000, "{most}");
        let none = rt::prepare_thread(&Plan::new().prefault(false)).unwrap();
        assert_eq!((none.stack(), none.pages()), (0, 0));
    });
}

#[test]
fn prepared_prints_as_a_table() {
    on_new_thread(|| {
        let text = rt::prepare_thread(&Plan::new().scopes(3, 1)).unwrap().to_string();
        for name in ["scopes", "bytes of the system's", "pages touched", "bytes locked"] {
            assert!(text.contains(name), "{text}");
        }
        assert!(text.lines().all(|line| line.len() == 44), "{text}");
    });
}

/// Kilobytes that this process has locked.
#[cfg(target_os = "linux")]
fn locked_kilobytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmLck:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "Miri locks nothing")]
fn memory_is_locked_or_it_says_why_not() {
    let _turn = alone();
    let before = locked_kilobytes();
    on_new_thread(move || {
        let zone = Zone::builder().capacity(4 << 20).lock().build();
        if zone.is_locked() {
            assert!(locked_kilobytes() >= before + 4096);
            // Blocks that come later too.
            zone.alloc_uninit::<u8>(4 << 20);
            zone.alloc_uninit::<u8>(4 << 20);
            if zone.is_locked() {
                assert!(locked_kilobytes() >= before + 8192);
            }
        }
        drop(zone);
        // A page at either end may be part of other memory, and stays.
        assert!(locked_kilobytes() <= before + 4 * 4);

        let prepared = rt::prepare_thread(&Plan::new().scopes(2, 1 << 20).lock(true)).unwrap();
        match prepared.locked() {
            Locked::Yes => {
                assert_eq!(prepared.locked_bytes(), prepared.bytes());
                assert!(locked_kilobytes() >= before + 2048);
            }
            Locked::Refused(number) => {
                assert!(number != 0 && prepared.locked_bytes() < prepared.bytes());
                assert!(prepared.to_string().contains("not all is locked"), "{prepared}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(nest(2), Ok(2));
    });
}

/// In a process of its own, as the limit is the process's; and as nobody, as root has none.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "Miri has no processes")]
fn being_refused_to_lock_is_reported() {
    if std::env::var_os("MEMZONE_NO_LOCK").is_none() {
        let child =
            "ulimit -l 0 && exec \"$0\" being_refused_to_lock_is_reported --exact --nocapture";
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", child]).arg(std::env::current_exe().unwrap()).env("MEMZONE_NO_LOCK", "1");
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    // SAFETY: no precondition. Fails where we are not root, who alone would not be refused.
    unsafe { libc::setuid(65534) };
    let zone = Zone::builder().capacity(4 << 20).lock().build();
    assert!(!zone.is_locked());
    zone.alloc_slice(10, 1_u8);
    let prepared = rt::prepare_thread(&Plan::new().lock(true)).unwrap();
    let Locked::Refused(number) = prepared.locked() else { panic!("{prepared:?}") };
    assert_eq!(prepared.locked_bytes(), 0);
    let text = prepared.to_string();
    assert!(number != 0 && text.contains("ulimit -l"), "{text}");
}

// Sections.

#[test]
fn each_request_is_counted_and_named() {
    let _turn = alone();
    on_new_thread(|| {
        let section = rt::enter(Policy::Count);
        let asked = |request| section.report().asked_for(request);
        // The thread's first use.
        beginz!(z => { z.alloc(1_u8); });
        assert_eq!(
            (asked(Request::FirstUse), asked(Request::LongerStack), asked(Request::NewZone)),
            (1, 1, 1)
        );
        let zone = Zone::new(1000);
        assert_eq!(asked(Request::NewZone), 2);
        zone.alloc_uninit::<u8>(10_000);
        assert_eq!(asked(Request::NewBlock), 1);
        let on_heap = halloc([0_u8; 100]);
        let heap = RtHeap::new(10_000);
        assert_eq!(asked(Request::HeapMemory), 2);
        let text = zcopy(&String::from("snare"), &zone);
        assert_eq!(asked(Request::OwnedCopy), 1);
        assert_eq!(section.report().given_back(), 0);
        drop((zone, on_heap, heap, text));
        // The text is the program's, not memzone's.
        assert_eq!(asked(Request::GiveBack), 3);
        let report = section.report();
        assert_eq!((report.asked(), report.denied()), (3 + 1 + 1 + 2 + 1 + 3, 0));
        assert!(report.bytes() > 20_000 && report.given_back() > 20_000, "{report}");
    });
}

#[test]
fn the_count_of_bytes_is_what_the_system_gave() {
    let _turn = alone();
    on_new_thread(|| {
        beginz!(());
        let section = rt::enter(Policy::Count);
        let (asked, freed) = (counting::bytes_asked(), counting::bytes_freed());
        let zone = Zone::new(1000);
        for _ in 0..100 {
            zone.alloc_uninit::<u8>(1000);
        }
        drop((zone, halloc([0_u8; 1000]), RtHeap::new(100_000)));
        assert_eq!(section.report().bytes(), counting::bytes_asked() - asked);
        assert_eq!(section.report().given_back(), counting::bytes_freed() - freed);
    });
}

#[test]
fn what_is_denied_is_an_error_and_changes_nothing() {
    let _turn = alone();
    on_new_thread(|| {
        rt::prepare_thread(&Plan::new().scopes(1, 1000)).unwrap();
        let zone = Zone::new(1000);
        let used = zone.used();
        let (name, list) = (String::from("snare"), vec![1, 2]);
        let (boxed, path) = (Box::new(1), std::path::PathBuf::from("a"));
        let section = rt::enter(Policy::Deny);
        let calls = counting::calls();
        let is = |request| denied(request);
        assert!(zone.try_alloc_slice(100_000, 0_u8).is_err_and(|e| is(Request::NewBlock)(&e)));
        assert!(Zone::try_new(1).is_err_and(|e| is(Request::NewZone)(&e)));
        assert!(try_halloc([1_u8; 100]).is_err_and(|e| is(Request::HeapMemory)(&e)));
        assert!(HBox::<u64>::try_uninit_in(&System).is_err_and(|e| is(Request::HeapMemory)(&e)));
        assert!(RtHeap::try_new(1000).is_err_and(|e| is(Request::HeapMemory)(&e)));
        assert!(try_zcopy(&name, &zone).is_err_and(|e| is(Request::OwnedCopy)(&e)));
        assert!(try_zcopy(&list, &zone).is_err_and(|e| is(Request::OwnedCopy)(&e)));
        assert!(try_zcopy(&boxed, &zone).is_err_and(|e| is(Request::OwnedCopy)(&e)));
        assert!(try_zcopy(&path, &zone).is_err_and(|e| is(Request::OwnedCopy)(&e)));
        assert!(try_beginz!(1 << 20, ()).is_err_and(|e| is(Request::NewZone)(&e)));
        assert_eq!((counting::calls(), zone.used(), zone.blocks()), (calls, used, 1));
        let report = section.report();
        assert_eq!((report.asked(), report.denied(), report.bytes()), (10, 10, 0));

        // What takes no memory, or has it, goes on.
        assert_eq!(try_zcopy(&String::new(), &zone).as_deref(), Ok(""));
        assert!(zone.try_alloc_slice(900, 0_u8).is_ok());
        assert_eq!(beginz!(String::from("moves")), "moves");
        drop(section);
        assert!(zone.try_alloc_slice(100_000, 0_u8).is_ok());
        assert_eq!(try_halloc(1).as_deref(), Ok(&1));
    });
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn plain_methods_panic_with_what_was_denied() {
    on_new_thread(|| {
        let panic = std::panic::catch_unwind(|| {
            let _section = rt::enter(Policy::Deny);
            beginz!(());
        });
        let panic = panic.unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(
            text.contains("denied in a real-time section") && text.contains("prepare_thread"),
            "{text}"
        );
        // The guard went with the panic.
        beginz!(());
    });
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn an_unprepared_thread_gets_errors() {
    on_new_thread(|| {
        let zone = Zone::new(1000);
        let section = rt::enter(Policy::Deny);
        assert!(try_beginz!(()).is_err_and(|e| denied(Request::LongerStack)(&e)));
        assert!(std::panic::catch_unwind(|| push_zone(&zone)).is_err());
        assert!(try_push_zone(&zone).is_err_and(|e| denied(Request::LongerStack)(&e)));
        assert!(zone.try_enter(|| ()).is_err_and(|e| denied(Request::LongerStack)(&e)));
        assert!(try_peek_zone().is_err_and(|e| denied(Request::LongerStack)(&e)));
        assert!(try_alloc::<u8>(1).is_err_and(|e| denied(Request::LongerStack)(&e)));
        assert!(try_push_new_zone(10).is_err_and(|e| denied(Request::NewZone)(&e)));
        assert_eq!(pop_zone().unwrap_err(), ZoneError::StackEmpty);
        // Miri has no stack that it would have to ask for.
        let on_stack = salloc_with(10, 1_u8, |ones| ones.len());
        match cfg!(miri) {
            true => assert_eq!(on_stack, Ok(10)),
            false => assert!(on_stack.is_err_and(|e| denied(Request::FirstUse)(&e))),
        }
        drop(section);
        assert_eq!(salloc_with(10, 1_u8, |ones| ones.len()), Ok(10));
        try_push_zone(&zone).unwrap();
        assert!(zone.contains(&try_alloc::<u8>(1).unwrap()[0]));
        assert!(try_push_new_zone(10).unwrap().try_enter(zone_depth).is_ok_and(|depth| depth == 3));
        assert_eq!((drop(pop_zone()), drop(pop_zone()), zone_depth()), ((), (), 0));
        assert_eq!(nest(3), Ok(3));
    });
}

#[test]
fn a_deep_copy_is_denied_where_it_needs_tasks() {
    #[derive(memzone::DeepCopy)]
    struct List<'z>(u32, Option<&'z List<'z>>);
    #[derive(memzone::DeepCopy)]
    struct Owners<'z>(Option<ZBox<Owners<'z>>>, &'z u32);
    on_new_thread(|| {
        let (from, to) = (Zone::new(100_000), Zone::new(1 << 20));
        let (mut list, mut owners, mut made) = (None, Owners(None, &0), Vec::new());
        let many = if cfg!(miri) { 200 } else { 2000 };
        for n in 0..many {
            list = Some(&*from.alloc(List(n, list)));
            owners = Owners(Some(from.boxed(owners)), &0);
        }
        let section = rt::enter(Policy::Deny);
        // References are followed on little stack, owners are not.
        assert!(try_zcopy(&list, &to).is_ok());
        let error = try_zcopy(&owners, &to).map(|_| ()).unwrap_err();
        assert!(denied(Request::DeepOwners)(&error), "{error}");
        assert!(error.to_string().contains("by references into a zone"));
        drop(section);
        made.push(try_zcopy(&owners, &to).unwrap());
        made.push(owners);
        // One after the other, as destructors recurse.
        for mut owners in made {
            let mut count = 0;
            while let Some(next) = owners.0.take() {
                owners = ZBox::into_inner(next);
                count += 1;
            }
            assert_eq!(count, many);
        }
    });
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn sections_nest_and_the_strictest_counts() {
    on_new_thread(|| {
        let count = rt::enter(Policy::Count);
        assert!(Zone::try_new(1).is_ok());
        let deny = rt::enter(Policy::Deny);
        let inner = rt::enter_unwatched(Policy::Count);
        assert!(Zone::try_new(1).is_err());
        assert_eq!((count.report().asked(), deny.report().asked()), (3, 1));
        assert_eq!((inner.report().asked(), inner.report().minor_faults()), (1, None));
        // In any order.
        drop(count);
        assert!(Zone::try_new(1).is_err());
        drop(deny);
        assert!(Zone::try_new(1).is_ok());
        assert_eq!((inner.policy(), inner.report().denied()), (Policy::Count, 2));
        drop(inner);
        std::mem::forget(rt::enter(Policy::Deny));
        assert!(Zone::try_new(1).is_err(), "as long as the thread");
    });
    assert!(Zone::try_new(1).is_ok(), "a section is its thread's");
}

#[test]
fn a_report_prints_as_a_table() {
    on_new_thread(|| {
        let section = rt::enter(Policy::Count);
        drop(Zone::new(1));
        let text = section.report().to_string();
        assert_eq!(
            text.lines().count(),
            Request::ALL.len() + 5 + 2 * usize::from(cfg!(feature = "rt-alloc")),
            "{text}"
        );
        assert!(text.contains("a new zone                                 1"), "{text}");
        // The numbers stand in one column, whatever the names are.
        assert!(text.lines().all(|line| line.len() == 44), "{text}");
        let faults = section.report().minor_faults();
        assert_eq!(faults.is_some(), cfg!(all(target_os = "linux", not(miri))));
        assert_eq!(section.report().major_faults().is_some(), faults.is_some());
    });
}

#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(miri, ignore = "Miri has no pages")]
fn page_faults_are_those_since_entry() {
    on_new_thread(|| {
        // More than `malloc` ever hands out again: fresh pages.
        let zone = Zone::new(40 << 20);
        let section = rt::enter(Policy::Deny);
        let before = section.report().minor_faults().unwrap();
        zone.alloc_slice(40 << 20, 1_u8);
        let after = section.report().minor_faults().unwrap();
        // At least one: the system may use large pages.
        assert!(after > before, "{after} after {before}");
        assert!(rt::enter(Policy::Deny).report().minor_faults().unwrap() <= 2);
    });
}

// What is put aside.

/// A zone with a hook that counts.
fn zone_with_hook(runs: &Arc<AtomicUsize>) -> Zone {
    let zone = Zone::new(10_000);
    let runs = Arc::clone(runs);
    zone.on_cleanup(move || {
        runs.fetch_add(1, Ordering::SeqCst);
    });
    zone
}

#[test]
#[cfg_attr(any(feature = "ledger", feature = "profile"), ignore = "they take memory of their own")]
fn what_may_not_be_freed_is_put_aside_and_freed_by_collect() {
    let _turn = alone();
    let runs = Arc::new(AtomicUsize::new(0));
    let drops = Arc::new(());
    let in_thread = (Arc::clone(&runs), Arc::clone(&drops));
    let asked = on_new_thread(move || {
        let (runs, drops) = in_thread;
        let before = counting::bytes_asked();
        let (zone, second) = (zone_with_hook(&runs), zone_with_hook(&runs));
        let boxed = halloc((Arc::clone(&drops), [0_u8; 1000]));
        let heap = RtHeap::new(10_000);
        let of_heap = halloc_in(&heap, 1_u8).unwrap();
        let asked = counting::bytes_asked() - before;
        let section = rt::enter(Policy::Deny);
        let ((), freed) = given_back(|| {
            drop(zone);
            destroy_zone(second).unwrap();
            drop(boxed);
            drop(heap);
            drop(of_heap);
            assert_eq!(rt::collect(), 0, "not here either");
        });
        assert_eq!((freed, runs.load(Ordering::SeqCst)), (0, 0));
        assert_eq!(Arc::strong_count(&drops), 2, "the value's own destructor ran");
        assert_eq!(section.report().asked_for(Request::GiveBack), 4);
        asked
    });
    let (pieces, freed) = given_back(rt::collect);
    assert_eq!((pieces, runs.load(Ordering::SeqCst)), (4, 2));
    // The hooks' own memory is the program's: two `Arc`s went, which have other owners.
    assert_eq!(freed, asked);
    assert_eq!(rt::collect(), 0);
}

#[test]
fn small_boxes_are_freed_and_counted() {
    let _turn = alone();
    on_new_thread(|| {
        let (small, bytes) = (halloc(1_u64), halloc([1_u8; 30]));
        let section = rt::enter(Policy::Deny);
        let ((), freed) = given_back(|| drop((small, bytes)));
        // The nodes of a 32-bit system fit into the 30 bytes, so those are put aside.
        let aside = usize::from(cfg!(target_pointer_width = "32"));
        assert_eq!((freed, section.report().denied()), (38 - 30 * aside as u64, 2));
        drop(section);
        assert_eq!(rt::collect(), aside);
    });
}

#[test]
fn a_zone_freed_outside_of_a_section_takes_the_others_along() {
    let _turn = alone();
    let runs = Arc::new(AtomicUsize::new(0));
    let zone = zone_with_hook(&runs);
    let section = rt::enter(Policy::Deny);
    drop(zone);
    drop(section);
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    drop(Zone::new(1));
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_hook_that_panics_loses_nothing() {
    let _turn = alone();
    let runs = Arc::new(AtomicUsize::new(0));
    let zones: Vec<Zone> = (0..5).map(|_| zone_with_hook(&runs)).collect();
    zones[2].on_cleanup(|| panic!("in a hook"));
    let section = rt::enter(Policy::Deny);
    drop(zones);
    drop(section);
    assert!(std::panic::catch_unwind(rt::collect).is_err());
    rt::collect();
    assert_eq!(runs.load(Ordering::SeqCst), 5);
}

#[test]
fn hooks_may_use_zones_while_they_are_collected() {
    let _turn = alone();
    let runs = Arc::new(AtomicUsize::new(0));
    let zone = zone_with_hook(&runs);
    let inner = Arc::clone(&runs);
    zone.on_cleanup(move || {
        let zone = zone_with_hook(&inner);
        {
            let _section = rt::enter(Policy::Deny);
            drop(zone);
        }
        letz!(a = [1_u8; 100] => a.fill(2));
        drop(zone_with_hook(&inner));
    });
    let section = rt::enter(Policy::Deny);
    drop(zone);
    drop(section);
    rt::collect();
    rt::collect();
    assert_eq!(runs.load(Ordering::SeqCst), 3);
}

#[test]
fn any_number_of_hooks_may_put_aside_and_collect() {
    let _turn = alone();
    let long = if cfg!(miri) { 50 } else { 100_000 };
    let runs = Arc::new(AtomicUsize::new(0));
    let mut next: Option<memzone::SendZone> = None;
    for _ in 0..long {
        let (zone, before) = (zone_with_hook(&runs), next.take());
        zone.on_cleanup(move || {
            let section = rt::enter_unwatched(Policy::Deny);
            drop(before.map(memzone::SendZone::into_zone));
            drop(section);
            assert_eq!(rt::collect(), 0, "the one that runs this hook does it");
        });
        next = zone.into_sendable().ok();
    }
    let section = rt::enter(Policy::Deny);
    drop(next.map(memzone::SendZone::into_zone));
    drop(section);
    assert_eq!((rt::collect(), runs.load(Ordering::SeqCst)), (long, long));
    assert_eq!(rt::collect(), 0);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn threads_put_aside_and_collect_at_the_same_time() {
    let _turn = alone();
    let (threads, each) = (4, if cfg!(miri) { 5 } else { 500 });
    let runs = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for n in 0..threads {
            let runs = &runs;
            scope.spawn(move || {
                for i in 0..each {
                    let (zone, boxed) = (zone_with_hook(runs), halloc([0_u64; 10]));
                    let section = rt::enter(Policy::Deny);
                    drop((zone, boxed));
                    drop(section);
                    if (i + n) % 3 == 0 {
                        rt::collect();
                    }
                }
            });
        }
    });
    rt::collect();
    assert_eq!(runs.load(Ordering::SeqCst), threads * each);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_thread_that_ends_in_a_section_leaves_its_zones_to_collect() {
    let _turn = alone();
    let runs = Arc::new(AtomicUsize::new(0));
    let of_thread = Arc::clone(&runs);
    on_new_thread(move || {
        rt::prepare_thread(&Plan::new().scopes(2, 1000)).unwrap();
        push_zone(&zone_with_hook(&of_thread));
        std::mem::forget(rt::enter(Policy::Deny));
    });
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    // Two spares, the default zone, the pushed one.
    assert_eq!((rt::collect(), runs.load(Ordering::SeqCst)), (4, 1));
}

#[test]
fn a_spare_zone_over_the_keep_limit_stays_until_it_may_be_given_back() {
    let _turn = alone();
    on_new_thread(|| {
        let grow = || beginz!(z => { z.alloc_uninit::<u8>(4 << 20); });
        set_keep_limit(8 << 20);
        grow();
        let section = rt::enter(Policy::Deny);
        let ((), freed) = given_back(|| {
            set_keep_limit(1 << 20);
            for _ in 0..3 {
                grow();
            }
        });
        assert_eq!(freed, 0);
        assert!(section.report().asked_for(Request::GiveBack) >= 1);
        assert_eq!(section.report().asked_for(Request::NewBlock), 0, "it is used again meanwhile");
        drop(section);
        let ((), freed) = given_back(|| beginz!(()));
        assert!(freed >= 4 << 20, "{freed}");
    });
}

#[test]
fn a_scope_whose_zone_is_held_in_a_section_is_put_aside_with_its_last_handle() {
    let _turn = alone();
    on_new_thread(|| {
        rt::prepare_thread(&Plan::new()).unwrap();
        let section = rt::enter(Policy::Deny);
        let held = beginz!(z => Box::new(z.clone()));
        held.alloc(1_u8);
        let (_, freed) = given_back(|| drop(*held));
        assert_eq!(freed, size_of::<Zone>() as u64, "the program's own box");
        drop(section);
        assert_eq!(rt::collect(), 1);
    });
}
