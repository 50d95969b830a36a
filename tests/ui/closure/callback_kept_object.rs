// Keeps the object, which says that it lives for ever, past its zone.
use memzone::ZoneFn;

fn main() {
    let kept: &mut dyn FnMut(&mut [f32]) = {
        let mut f: ZoneFn<dyn FnMut(&mut [f32])> =
            ZoneFn::new(1024, |z| z.callback(|block: &mut [f32]| block.fill(0.0)));
        &mut *f
    };
    kept(&mut [0.0; 64]);
}
