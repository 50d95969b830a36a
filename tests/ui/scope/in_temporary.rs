// Copies to the current zone by a handle that ends with the statement, and uses the copy after it.
use memzone::{beginz, peek_zone};

fn main() {
    let samples = beginz!(z in peek_zone() => z.alloc_slice(4, 0.5_f32));
    println!("{samples:?}");
}
