// Returns an `Rc` of a reference into the scope's zone: an `Rc` is shared, not copied.
use memzone::{Zone, beginz};
use std::rc::Rc;

fn main() {
    let outer = Zone::new(1024);
    let shared = beginz!(z in &outer => {
        let gain: &f32 = z.alloc(0.5_f32);
        Rc::new(gain)
    });
    println!("{shared}");
}
