// Returns a reference into a zone that ends with the function.
use memzone::Zone;

fn gain<'a>() -> &'a mut f32 {
    let zone = Zone::new(1024);
    zone.alloc(0.5)
}

fn main() {}
