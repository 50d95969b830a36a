// Gives memory back twice, in safe code.
use memzone::{Heap, System};
use std::alloc::Layout;

fn main() {
    let layout = Layout::new::<u64>();
    let memory = System.take(layout).unwrap();
    System::give_back(&(), memory, layout);
    System::give_back(&(), memory, layout);
}
