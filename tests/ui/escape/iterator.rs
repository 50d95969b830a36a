// Returns an iterator adaptor over a zone's slice.
use memzone::Zone;

fn doubled() -> impl Iterator<Item = f32> {
    let zone = Zone::new(1024);
    let samples: &[f32] = zone.alloc_slice(64, 0.5);
    samples.iter().map(|sample| sample * 2.0)
}

fn main() {}
