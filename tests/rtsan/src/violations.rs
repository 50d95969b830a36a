//! What is not real-time: the sanitizer must stop each of these. The first function of each that it must not
//! reach is what asks the system.

use crate::clean::{prepare, zone};
use crate::realtime;
use memzone::rt::{self, Plan, Policy};
use memzone::{RtHeap, Zone, beginz, letz};
use std::hint::black_box;

crate::cases! { CASES:
    fn box_made() {
        prepare();
        let made = realtime(|| Box::new(black_box(5)));
        black_box(made);
    }
    fn box_freed() {
        prepare();
        let made = black_box(Box::new(5));
        realtime(|| drop(made));
    }
    fn zone_made() {
        prepare();
        let made = realtime(|| Zone::new(100));
        drop(made);
    }
    fn last_handle_dropped() {
        prepare();
        let last = zone();
        realtime(|| drop(last));
    }
    fn zone_destroyed() {
        prepare();
        let last = zone();
        realtime(|| memzone::destroy_zone(last)).unwrap();
    }
    fn zone_grows() {
        prepare();
        let zone = Zone::new(100);
        realtime(|| {
            zone.alloc_slice(64 << 10, 0_u8);
        });
    }
    fn scope_grows() {
        prepare();
        realtime(|| beginz!(z => { z.alloc_slice(1 << 20, 0_u8); }));
    }
    fn scope_larger_than_planned() {
        prepare();
        realtime(|| beginz!(1 << 20, 1));
    }
    fn scope_deeper_than_planned() {
        rt::prepare_thread(&Plan::new().scopes(1, 100)).unwrap();
        realtime(|| beginz!(beginz!(1)));
    }
    fn beginz_unprepared() {
        realtime(|| beginz!(1));
    }
    fn letz_unprepared() {
        realtime(|| letz!(a = [1; 10] => a[3]));
    }
    fn default_zone_unprepared() {
        realtime(|| drop(memzone::peek_zone()));
    }
    fn push_unprepared() {
        let zone = zone();
        realtime(|| memzone::push_zone(&zone));
    }
    // Not here: `salloc_with` and `prepare_thread` on a thread that is not prepared. They ask for the stack's bounds, which takes memory
    // while the thread's lock is held; the sanitizer finds that, asks for the same bounds to print its report, and
    // waits for ever.
    fn system_heap() {
        prepare();
        let made = realtime(|| memzone::halloc(black_box(5)));
        drop(made);
    }
    fn system_heap_freed() {
        prepare();
        let made = memzone::halloc(black_box(5));
        realtime(|| memzone::free(made));
    }
    fn small_block_freed_where_that_is_denied() {
        prepare();
        let small = memzone::halloc(black_box(5_u8));
        let _section = rt::enter(Policy::Deny);
        realtime(|| drop(small));
    }
    fn heap_made() {
        prepare();
        let made = realtime(|| RtHeap::new(4096));
        drop(made);
    }
    fn heap_dropped() {
        prepare();
        let heap = RtHeap::new(4096);
        realtime(|| drop(heap));
    }
    fn string_cloned_by_a_deep_copy() {
        prepare();
        let (zone, text) = (zone(), String::from("clone me"));
        let copy = realtime(|| memzone::zcopy(&text, &zone));
        drop(copy);
    }
    fn keep_limit_lowered() {
        prepare();
        realtime(|| memzone::set_keep_limit(0));
    }
    fn thread_prepared_for_more() {
        prepare();
        realtime(|| rt::prepare_thread(&Plan::new().default_zone(4 << 20))).unwrap();
    }
    fn collected() {
        prepare();
        let last = zone();
        let section = rt::enter(Policy::Deny);
        drop(last);
        drop(section);
        assert_eq!(realtime(rt::collect), 1);
    }
    fn all_threads_figures() {
        prepare();
        let made = realtime(memzone::stats::threads);
        drop(made);
    }
    fn caught_panic() {
        prepare();
        let caught = realtime(|| std::panic::catch_unwind(|| panic!("not in here")));
        drop(caught);
    }
    fn section_that_counts_does_not_hide_it() {
        prepare();
        let made = realtime(|| {
            let _section = rt::enter(Policy::Count);
            Zone::new(100)
        });
        drop(made);
    }
}
