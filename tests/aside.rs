//! What is to be freed in a section that forbids it. One test, as any other could free what it puts aside.

#[path = "common/counting.rs"]
mod counting;

use memzone::Zone;
use memzone::rt::{self, Policy};

#[test]
fn what_is_freed_where_that_is_denied_is_put_aside_and_counted_once() {
    let (zone, bytes) = (Zone::new(1000), memzone::halloc_slice(32, 1_u8));
    let section = rt::enter(Policy::Deny);
    let before = counting::frees();
    drop((zone, bytes));
    assert_eq!((section.report().denied(), counting::frees() - before), (2, 0));
    drop(section);
    assert_eq!((rt::collect(), counting::frees() > before), (2, true));
}
