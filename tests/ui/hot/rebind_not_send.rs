// Redefines a closure as one that holds what belongs to this thread.
use memzone::{ZoneFn, hot};
use std::rc::Rc;

fn main() {
    let (_caller, binder) = hot(ZoneFn::new(1024, |z| z.closure(|n: usize| n)));
    let count = Rc::new(1);
    binder.rebind(ZoneFn::new(1024, move |z| z.closure(move |n| n + *count)));
}
