// Leaves out the type of a reference argument.
use memzone::ZoneFn;

fn main() {
    let _f: ZoneFn<dyn FnMut(&mut [f32])> =
        ZoneFn::new(1024, |z| z.callback(|block| block.fill(0.0)));
}
