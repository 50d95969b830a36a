// Returns a closure of another zone, which may end first.
use memzone::{Zone, ZoneFn};

fn main() {
    let other = Zone::new(1024);
    let f = ZoneFn::new(1024, |_| other.closure(|()| 1));
    drop(other);
    drop(f);
}
