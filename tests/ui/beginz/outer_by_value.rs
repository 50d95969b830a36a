// Copies to a zone by value: it is borrowed.
use memzone::{Zone, beginz};

fn main() {
    let outer = Zone::new(1024);
    beginz!(z in outer => z.used());
}
