//! The leak ledger. All in one test: the ledger is one for all threads.

#[path = "common/counting.rs"]
mod counting;

use memzone::ledger::{self, Kind};
use memzone::rt::{self, Plan, Policy};
use memzone::{
    HBox, RtHeap, ZBox, Zone, alloc, beginz, halloc, halloc_in, halloc_slice, pop_zone,
    push_new_zone, push_zone,
};

/// What is alive, as kind, bytes, and line in this file.
fn alive() -> Vec<(Kind, usize, u32)> {
    let report = ledger::report();
    let line = |r: &ledger::Record| match r.location.file() == file!() {
        true => r.location.line(),
        false => 0,
    };
    report.records().iter().map(|r| (r.kind, r.bytes, line(r))).collect()
}

#[test]
fn the_ledger_knows_all_that_is_alive_and_where_it_was_made() {
    ledger::assert_empty();
    let zone = Zone::new(10_000);
    let heap = RtHeap::new(10_000);

    // Each of these is entered with the line it stands in.
    let first = line!() + 1;
    let a = halloc([0_u8; 100]);
    let b = halloc_slice(10, 0_u64);
    let c = halloc_in(&heap, [0_u8; 60]).unwrap();
    let d = zone.boxed([0_u8; 50]);
    let e = zone.boxed_slice(10, 0_u32);
    let f = ZBox::new([0_u8; 30]);
    let g = alloc::<u8>(20);
    let h = HBox::from_box(vec![0_u8; 10].into_boxed_slice());
    let expected = [
        (Kind::Heap, 100, first),
        (Kind::Heap, 80, first + 1),
        (Kind::Heap, 60, first + 2),
        (Kind::Zone, 50, first + 3),
        (Kind::Zone, 40, first + 4),
        (Kind::Zone, 30, first + 5),
        (Kind::Zone, 20, first + 6),
        (Kind::Heap, 10, first + 7),
    ];
    assert_eq!(alive(), expected, "most bytes first");
    assert_eq!(ledger::report().bytes(), 390);

    // The table names them.
    let table = ledger::report().to_string();
    let of_a = table.lines().nth(1).unwrap();
    let site = format!("{}:{first}:", file!());
    for part in ["100", "heap", "[u8; 100]", &site, "the_ledger_knows"] {
        assert!(of_a.contains(part), "{part} in {of_a}");
    }
    assert!(table.ends_with("390  in 8 entries; 0 were not entered"), "{table}");
    assert!(std::panic::catch_unwind(ledger::assert_empty).is_err());

    // What dies is taken out, in whatever way and on whatever thread.
    let _ = HBox::into_inner(a);
    drop((HBox::into_box(b), h));
    std::thread::spawn(move || drop(c)).join().unwrap();
    let _ = ZBox::into_inner(d);
    drop((e, f, g));
    assert_eq!(alive(), []);

    // Pushed zones are entered as long as they are pushed.
    let line = line!() + 1;
    push_zone(&zone);
    beginz!({
        push_zone(&zone);
        push_new_zone(64);
        assert_eq!(ledger::report().records().len(), 3);
    });
    assert_eq!(alive(), [(Kind::Pushed, zone.capacity(), line)]);
    drop(pop_zone().unwrap());
    std::thread::spawn(|| drop(push_new_zone(64))).join().unwrap();
    ledger::assert_empty();

    // What is forgotten stays, and so does what is leaked.
    std::mem::forget(halloc(1_u8));
    let leaked = HBox::leak(halloc(2_u16));
    assert_eq!(alive().iter().map(|entry| entry.1).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(*leaked, 2);

    // A paused ledger counts what it does not enter, and dying needs no entry.
    let unseen = ledger::pause(|| (halloc(3_u32), zone.boxed(4_u32)));
    assert_eq!((ledger::report().records().len(), ledger::report().skipped()), (2, 2));
    drop(unseen);

    // Nor does a real-time section enter anything, or take memory for it.
    rt::prepare_thread(&Plan::new().scopes(20, 0)).unwrap();
    {
        let _section = rt::enter(Policy::Deny);
        let calls = counting::calls();
        let boxed = zone.boxed(4_u32);
        for _ in 0..20 {
            push_zone(&zone);
        }
        for _ in 0..20 {
            drop(pop_zone().unwrap());
        }
        drop(boxed);
        assert_eq!(counting::calls(), calls);
        assert_eq!((ledger::report().records().len(), ledger::report().skipped()), (2, 23));
    }

    // Many of them, so that the ledger is cleared of the dead on its way.
    for _ in 0..1000 {
        drop(halloc(5_u64));
    }
    assert_eq!(ledger::report().records().len(), 2);
}
