// Formats nothing.
use memzone::{Zone, zformat};

fn main() {
    zformat!(Zone::new(1024));
}
