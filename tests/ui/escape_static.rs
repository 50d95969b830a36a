// Calls what a caller's zone holds `'static`: it lives no longer than the handle is borrowed.
use memzone::Zone;

fn forever(zone: &Zone) -> &'static mut [f32] {
    zone.alloc_slice(64, 0.0)
}

fn main() {}
