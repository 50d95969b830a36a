// Calls a closure that needs state without it.
use memzone::{ZoneFn, hot};

fn main() {
    let f = ZoneFn::new(1024, |z| z.closure_with(|phase: &mut f32, step: f32| *phase + step));
    let (mut caller, _binder) = hot(f);
    caller.call(1.0);
}
