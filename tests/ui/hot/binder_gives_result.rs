// Shortens the lifetime of a binder's results, so that a definition gives a caller what ends before it.
use memzone::{Binder, Caller, ZoneFn, hot};

fn redefine<'s>(binder: Binder<dyn FnMut(&'static str) -> &'static str>) {
    let shorter: Binder<dyn FnMut(&'static str) -> &'s str> = binder;
    shorter.rebind(ZoneFn::new(1024, |z| z.closure(|text: &'static str| -> &'s str { text })));
}

fn main() {
    let (mut caller, binder): (Caller<dyn FnMut(&'static str) -> &'static str>, _) =
        hot(ZoneFn::new(1024, |z| z.closure(|text| text)));
    redefine(binder);
    caller("text");
}
