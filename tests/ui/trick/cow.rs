// A `Cow` may own, but does not here.
use memzone::Zone;
use std::borrow::Cow;

fn name() -> Cow<'static, str> {
    let zone = Zone::new(1024);
    Cow::Borrowed(zone.alloc_str("name"))
}

fn main() {
    name();
}
