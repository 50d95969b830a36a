// Names the outer zone and not the scope's.
use memzone::{Zone, beginz};

fn main() {
    let outer = &Zone::new(1024);
    beginz!(in outer => {});
}
