// Captures what is not `Send`: the closure may be dropped on another thread.
use memzone::ZoneFn;
use std::rc::Rc;

fn main() {
    let shared = Rc::new(1);
    ZoneFn::new(1024, |z| z.closure(move |()| *shared));
}
