// Returns a copy in a zone of the function's own.
use memzone::{Zone, beginz};

fn window<'a>() -> &'a mut [f32] {
    let outer = Zone::new(1024);
    beginz!(z in &outer => z.alloc_slice(64, 0.0_f32))
}

fn main() {}
