// Boxes a reference into the scope's zone: the box owns itself, but not that.
use memzone::{ZBox, beginz};

fn main() {
    let boxed = beginz!(z => ZBox::new(z.alloc(0.5_f32)));
    println!("{boxed}");
}
