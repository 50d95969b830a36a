// Expects another type than the copy's.
use memzone::{Zone, beginz};

fn main() {
    let outer = Zone::new(1024);
    let gain: &mut f64 = beginz!(z in &outer => z.alloc(0.5_f32));
    println!("{gain}");
}
