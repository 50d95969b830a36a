// Forgets an argument.
use memzone::{Zone, zformat};

fn main() {
    zformat!(Zone::new(1024), "voice {}");
}
