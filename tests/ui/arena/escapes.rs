//! What lies in the zone of an arena's scope ends with the scope, though the arena lives on.

use memzone::{Arena, beginz};

fn main() {
    let arena = Arena::<2>::new(4096).unwrap();
    let escaped = beginz!(z of arena => z.alloc_slice(4, 0.5_f32));
    let mut outside: &[f32] = &[];
    beginz!(z of arena => { outside = z.alloc_slice(4, 0.5_f32); });
    println!("{escaped:?} {outside:?}");
}
