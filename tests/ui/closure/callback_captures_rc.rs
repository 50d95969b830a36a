// Captures what is not `Send`: the closure may be called on another thread.
use memzone::ZoneFn;
use std::rc::Rc;

fn main() {
    let shared = Rc::new(0.5);
    let _f: ZoneFn<dyn FnMut(&mut [f32])> =
        ZoneFn::new(1024, |z| z.callback(move |block: &mut [f32]| block.fill(*shared)));
}
