// The slice cannot be kept in a variable from outside.
use memzone::salloc_with;

fn main() {
    let mut kept: Option<&mut [f32]> = None;
    salloc_with(4, 1.0, |slice| kept = Some(slice)).unwrap();
    kept.unwrap()[0] = 2.0;
}
