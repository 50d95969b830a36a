//! A wire is set to what lives as long as the wire's own lifetime.
use memzone::{Wire, Zone};

struct Voice<'z> {
    next: Wire<'z, Voice<'z>>,
}

fn main() {
    let zone = Zone::new(1024);
    let first = &*zone.alloc(Voice { next: Wire::none() });
    {
        let inner = Zone::new(1024);
        first.next.set(inner.alloc(Voice { next: Wire::none() }));
    }
    assert!(first.next.get().is_some());
}
