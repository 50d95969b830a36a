// Aligns a slice to zero bytes.
use memzone::Zone;

fn main() {
    let _ = Zone::new(1024).try_alloc_slice_aligned::<f32, 0>(8, 0.0);
}
