// Keeps what a caller plays while it takes up another definition.
use memzone::{ZoneFn, hot};

fn main() {
    let (mut caller, binder) = hot(ZoneFn::new(1024, |z| z.closure(|n: u32| n)));
    let old = caller.definition();
    binder.rebind(ZoneFn::new(1024, |z| z.closure(|n: u32| n + 1)));
    caller.refresh();
    old(1);
}
