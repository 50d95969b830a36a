// Forgets `in` before the outer zone, an expression.
use memzone::{Zone, beginz};

fn main() {
    let outer = Zone::new(1024);
    beginz!(z &outer => {});
}
