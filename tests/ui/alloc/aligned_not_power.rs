// Aligns a slice to a number that is no power of two.
use memzone::Zone;

fn main() {
    Zone::new(1024).alloc_slice_aligned::<f32, 48>(8, 0.0);
}
