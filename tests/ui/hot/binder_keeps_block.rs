// Takes a binder of definitions for blocks of any lifetime for one of definitions that may keep them.
use memzone::{Binder, Caller, ZoneFn, hot};

type Each = dyn FnMut(&mut [f32]);
type Forever = dyn FnMut(&'static mut [f32]);

fn main() {
    let (mut caller, binder): (Caller<Each>, Binder<Each>) =
        hot(ZoneFn::new(1024, |z| z.callback(|block: &mut [f32]| block.fill(0.0))));
    let longer: Binder<Forever> = binder;
    longer.rebind(ZoneFn::new(1024, |z| {
        let mut kept = None;
        z.callback(move |block: &'static mut [f32]| kept = Some(block))
    }));
    caller(&mut [0.0; 64]);
}
