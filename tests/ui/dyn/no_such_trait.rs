// The compiler's own coercion, and nothing else, is what the macro does.
use memzone::{Zone, as_dyn};
use std::fmt::Display;

struct Silent;

fn main() {
    let zone = Zone::new(1024);
    let _shown = as_dyn!(zone.boxed(Silent) => dyn Display);
}
