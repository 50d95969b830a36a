// Names the outer zone after the bindings.
use memzone::{Zone, letz};

fn main() {
    let outer = Zone::new(64);
    letz!(a = [1; 4] in &outer => a);
}
