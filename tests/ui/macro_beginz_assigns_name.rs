// Assigns to the zone's name.
use memzone::{Zone, beginz};

fn main() {
    let other = Zone::new(1024);
    beginz!(z => { z = &other; z.used() });
}
