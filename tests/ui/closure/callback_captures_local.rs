// Captures a reference to what ends before the closure does.
use memzone::ZoneFn;

fn make() -> ZoneFn<dyn FnMut(&mut [f32])> {
    let table = [0.5_f32; 64];
    ZoneFn::new(1024, |z| z.callback(|block: &mut [f32]| block.copy_from_slice(&table)))
}

fn main() {
    make()(&mut [0.0; 64]);
}
