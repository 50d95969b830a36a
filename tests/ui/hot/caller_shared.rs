// Plays one hot closure on two threads.
use memzone::{ZoneFn, hot};

fn main() {
    let (mut caller, _binder) = hot(ZoneFn::new(1024, |z| z.closure(|n: u32| n + 1)));
    let other = &caller;
    std::thread::scope(|threads| {
        threads.spawn(move || other.taken_up());
    });
    caller(1);
}
