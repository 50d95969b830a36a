// Writes `,` for `;` after the outer zone.
use memzone::{Zone, letz};

fn main() {
    let outer = &Zone::new(1024);
    letz!(z in outer, a = 1 => a);
}
