// Returns a slice of the scope's zone without saying where to copy it.
use memzone::beginz;

fn main() {
    let window: &mut [f32] = beginz!(z => z.alloc_slice(64, 0.0));
    window.fill(1.0);
}
