// Reads places that nothing was written to.
use memzone::{HBox, RtHeap};

fn main() {
    let heap = RtHeap::new(4096);
    let places = HBox::<[f32], _>::try_uninit_slice_in(&heap, 64).unwrap();
    let first: f32 = places[0];
    println!("{first}");
}
