// A box of one type does not become one of another.
use memzone::{Zone, as_dyn};

fn main() {
    let zone = Zone::new(1024);
    let _wide = as_dyn!(zone.boxed(1_u8) => u64);
}
