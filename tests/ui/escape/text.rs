// Returns a text that was formatted into a zone of the function's.
use memzone::{Zone, zformat};

fn label<'a>(voice: u32) -> &'a str {
    let zone = Zone::new(1024);
    zformat!(zone, "voice {voice}")
}

fn main() {}
