// Keeps a slice of the scope's zone in a variable outside.
use memzone::beginz;

fn main() {
    let mut keep: &[f32] = &[];
    println!("{keep:?}");
    beginz!(z => {
        keep = z.alloc_slice(3, 0.5);
    });
    println!("{keep:?}");
}
