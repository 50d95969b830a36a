// Keeps a block past the call that it was lent for.
use memzone::ZoneFn;

fn main() {
    let mut f: ZoneFn<dyn FnMut(&mut [f32])> = ZoneFn::new(1024, |z| {
        let mut kept: Option<&mut [f32]> = None;
        z.callback(move |block: &mut [f32]| kept = Some(block))
    });
    f(&mut [0.0; 64]);
}
