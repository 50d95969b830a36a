//! What the macros say of a form that is not whole.

use memzone::{Arena, Zone, beginz, letz};

fn main() {
    let arena = Arena::<2>::new(4096).unwrap();
    let outer = Zone::new(4096);
    beginz!(z of => ());
    letz!(z of arena, a = 1 => *a);
    beginz!(z of outer => ());
}
