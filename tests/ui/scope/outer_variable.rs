// Keeps a slice of the scope's zone in a variable outside.
use memzone::beginz;

fn main() {
    let mut kept: &[f32] = &[];
    println!("{kept:?}");
    beginz!(z => { kept = z.alloc_slice(3, 0.5); }); println!("{kept:?}");
}
