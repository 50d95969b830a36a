// Lengthens the lifetime of a binder's arguments, so that a definition keeps what a caller lends.
use memzone::{Binder, Caller, ZoneFn, hot};
use std::sync::Mutex;

static KEPT: Mutex<Option<&'static str>> = Mutex::new(None);

fn play<'s>(text: &'s str) {
    let (mut caller, binder): (Caller<dyn FnMut(&'s str)>, Binder<dyn FnMut(&'s str)>) =
        hot(ZoneFn::new(1024, |z| z.closure(|_: &'s str| ())));
    let longer: Binder<dyn FnMut(&'static str)> = binder;
    longer.rebind(ZoneFn::new(1024, |z| {
        z.closure(|text: &'static str| *KEPT.lock().unwrap() = Some(text))
    }));
    caller(text);
}

fn main() {
    play(&String::from("gone soon"));
    println!("{:?}", KEPT.lock().unwrap());
}
