// Captures its zone, to allocate in it at each call: it would grow on the thread that plays.
use memzone::ZoneFn;

fn main() {
    ZoneFn::new(1024, |z| z.closure(move |n: u8| *z.alloc(n)));
}
