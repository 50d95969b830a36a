// Hides a reference into a zone behind a trait object.
use memzone::Zone;

trait Source {
    fn next(&mut self) -> f32;
}

struct Noise<'z>(&'z mut u32);

impl Source for Noise<'_> {
    fn next(&mut self) -> f32 {
        *self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *self.0 as f32
    }
}

fn noise() -> Box<dyn Source> {
    let zone = Zone::new(1024);
    Box::new(Noise(zone.alloc(1)))
}

fn main() {}
