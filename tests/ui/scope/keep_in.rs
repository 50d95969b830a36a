// Keeps a reference into the scope's zone uncopied, on the way to a zone that outlives it.
use memzone::{Keep, Zone, beginz};

fn main() {
    let outer = Zone::new(1024);
    let kept = beginz!(z in &outer => {
        let gain: &f32 = z.alloc(0.5);
        Keep(gain)
    });
    println!("{}", *kept);
}
