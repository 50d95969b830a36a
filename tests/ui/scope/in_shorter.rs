// Copies to a zone that ends before the copy is used.
use memzone::{Zone, beginz};

fn main() {
    let gain;
    {
        let short = Zone::new(1024);
        gain = beginz!(z in &short => z.alloc(0.5_f32));
    }
    *gain += 0.1;
}
