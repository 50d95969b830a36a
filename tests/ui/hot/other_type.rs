// Redefines a closure as one with other arguments.
use memzone::{ZoneFn, hot};

fn main() {
    let (_caller, binder) = hot(ZoneFn::new(1024, |z| z.closure(|n: u32| n + 1)));
    binder.rebind(ZoneFn::new(1024, |z| z.closure(|n: f32| n + 1.0)));
}
