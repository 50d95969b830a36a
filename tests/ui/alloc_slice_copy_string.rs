// Copies a slice of a type bit by bit that cannot be copied so.
use memzone::Zone;

fn main() {
    Zone::new(1024).alloc_slice_copy(&["kick".to_string()]);
}
