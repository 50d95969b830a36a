// The slice is gone when the body returns.
use memzone::salloc_with;

fn main() {
    let slice = salloc_with(4, 1.0_f32, |slice| slice).unwrap();
    slice[0] = 2.0;
}
