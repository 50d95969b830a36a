// Forgets `in` before the outer zone.
use memzone::{Zone, letz};

fn main() {
    let outer = &Zone::new(1024);
    letz!(z outer; a = 1 => a);
}
