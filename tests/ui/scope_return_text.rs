// Returns a text of the scope's zone without saying where to copy it.
use memzone::{beginz, zformat};

fn main() {
    let label = beginz!(z => zformat!(z, "voice {}", 1));
    println!("{label}");
}
