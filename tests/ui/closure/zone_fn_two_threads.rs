// Calls one closure on two threads at once.
use memzone::ZoneFn;

fn main() {
    let mut f = ZoneFn::new(1024, |z| z.closure(|n: u32| n + 1));
    std::thread::scope(|threads| {
        threads.spawn(|| f(1));
        f(2);
    });
}
