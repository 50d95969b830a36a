// Builds a `Vec` in a zone, which would never free its heap memory.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    zone.alloc_with(|| vec![0.0_f32; 64]);
}
