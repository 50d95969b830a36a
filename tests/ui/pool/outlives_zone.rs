// Returns a pool whose zone ends with the function.
use memzone::{Pool, Zone};

fn voices<'z>() -> Pool<'z, f32> {
    let zone = Zone::new(1024);
    zone.pool(8)
}

fn main() {}
