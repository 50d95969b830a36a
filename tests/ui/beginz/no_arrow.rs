// Forgets `=>` after the outer zone.
use memzone::{Zone, beginz};

fn main() {
    let outer = &Zone::new(1024);
    beginz!(z in outer {});
}
