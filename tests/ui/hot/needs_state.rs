// Calls a closure that needs state without it.
use memzone::{ZoneFn, hot};

fn main() {
    let f: ZoneFn<dyn FnMut(&mut f32, f32) -> f32> =
        ZoneFn::new(1024, |z| z.callback(|phase: &mut f32, step: f32| *phase + step));
    let (mut caller, _binder) = hot(f);
    caller(1.0);
}
