// Returns a boxed closure that captured a reference into the scope's zone.
use memzone::{Zone, beginz};

fn main() {
    let outer = Zone::new(1024);
    let gain: Box<dyn Fn() -> f32> = beginz!(z in &outer => {
        let gain = z.alloc(0.5_f32);
        let boxed: Box<dyn Fn() -> f32> = Box::new(move || *gain);
        boxed
    });
    println!("{}", gain());
}
