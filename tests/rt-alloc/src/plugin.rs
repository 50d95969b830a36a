//! A plugin with an `RtAlloc` of its own, which a host loads and closes.

use memzone::RtAlloc;
use memzone::rt::{self, Plan, Policy};
use memzone::stats;
use std::sync::Mutex;

#[global_allocator]
static MEMORY: RtAlloc = RtAlloc::system();

/// What lives in the heap of the thread that called `process`.
static KEPT: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A block of audio, on a thread of the host's. Returns how many texts live, or a negative number.
#[unsafe(no_mangle)]
pub extern "C" fn process() -> i32 {
    let Ok(prepared) = rt::prepare_thread(&Plan::new().heap(1 << 20)) else { return -1 };
    if !prepared.has_heap() || !prepared.is_collecting() {
        return -2;
    }
    let others = vec![1_u8; 100];
    let section = rt::enter(Policy::Count);
    let mut kept = KEPT.lock().expect("nobody panics");
    let number = kept.len();
    kept.push(format!("number {number}"));
    drop(others);
    let whole = kept.iter().enumerate().all(|(n, text)| *text == format!("number {n}"));
    if !whole || section.report().asked() != 0 || stats::thread().heap.used == 0 {
        return -3;
    }
    kept.len() as i32
}
