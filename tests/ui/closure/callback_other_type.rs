// Takes another kind of block than the signature says.
use memzone::ZoneFn;

fn main() {
    let _f: ZoneFn<dyn FnMut(&mut [f32])> =
        ZoneFn::new(1024, |z| z.callback(|block: &mut [f64]| block.fill(0.0)));
}
