// Swaps the closures of two zones, so that each would outlive its own.
use memzone::ZoneFn;

fn main() {
    let make = || -> ZoneFn<dyn FnMut(&mut [f32])> {
        ZoneFn::new(1024, |z| z.callback(|block: &mut [f32]| block.fill(0.0)))
    };
    let (mut one, mut two) = (make(), make());
    std::mem::swap(&mut *one, &mut *two);
}
