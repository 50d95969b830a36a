// Two threads take from one real-time heap.
use memzone::{RtHeap, halloc_in};

fn main() {
    let heap = RtHeap::new(4096);
    std::thread::scope(|scope| {
        scope.spawn(|| halloc_in(&heap, 1_u32).is_ok());
    });
}
