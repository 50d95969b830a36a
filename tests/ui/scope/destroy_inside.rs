// Destroys the scope's zone inside the scope: the scope owns it.
use memzone::{beginz, destroy_zone};

fn main() {
    beginz!(z => destroy_zone(*z).unwrap());
}
