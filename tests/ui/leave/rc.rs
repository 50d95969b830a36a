// Returns an `Rc` of a reference into the scope's zone.
use memzone::beginz;
use std::rc::Rc;

fn main() {
    let shared = beginz!(z => {
        let gain: &f32 = z.alloc(0.5_f32);
        Rc::new(gain)
    });
    println!("{shared}");
}
