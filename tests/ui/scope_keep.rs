// Keeps a reference into the scope's zone uncopied.
use memzone::{Keep, beginz};

fn main() {
    let kept = beginz!(z => {
        let gain: &f32 = z.alloc(0.5);
        Keep(gain)
    });
    println!("{}", *kept);
}
