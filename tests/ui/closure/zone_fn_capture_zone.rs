// Captures a handle to its zone: the zone would keep itself alive.
use memzone::ZoneFn;

fn main() {
    ZoneFn::new(1024, |z| {
        let handle = z.clone();
        z.closure(move |()| handle.used())
    });
}
