//! The ledger on a system without memory. It is a program of its own, as the ledger is the whole program's.

use memzone::{Zone, ledger, pop_zone, push_zone, zone_depth};

#[path = "common/failing.rs"]
mod failing;

use failing::{Refuse, refusing};

/// The ledger says how many entries are missing, and everything else goes on.
#[test]
fn what_the_ledger_has_no_memory_for_is_skipped() {
    let zone = Zone::new(1 << 16);
    let mut boxes = Vec::with_capacity(100);
    refusing(Refuse::From(1), || boxes.extend((0..100).map(|n| zone.boxed(n))));
    let report = ledger::report();
    assert_eq!((report.records().len(), report.skipped()), (0, 100));
    assert!(boxes.iter().map(|boxed| **boxed).eq(0..100));

    // With memory again, the ledger has room for these.
    boxes.extend((100..150).map(|n| zone.boxed(n)));
    assert_eq!((ledger::report().records().len(), ledger::report().skipped()), (50, 100));
    drop(boxes);
    ledger::assert_empty();

    // The thread's stack has room for 16 zones from its first push on. The list of their entries has not.
    push_zone(&zone);
    refusing(Refuse::From(1), || (1..12).for_each(|_| push_zone(&zone)));
    let report = ledger::report();
    assert!(report.records().len() < 12 && report.skipped() > 100);
    assert_eq!(report.records().len() + report.skipped() as usize, 12 + 100);
    assert_eq!(zone_depth(), 12);
    while pop_zone().is_ok() {}
    ledger::assert_empty();
}
