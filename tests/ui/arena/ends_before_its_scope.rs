//! An arena lives longer than its scopes.

use memzone::{Arena, beginz};

fn main() {
    let mut arena = Arena::<2>::new(4096).unwrap();
    beginz!(z of arena => {
        arena = Arena::new(4096).unwrap();
        z.alloc(1);
    });
}
