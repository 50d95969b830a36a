// Moves a zone into a struct beside a reference into it.
use memzone::Zone;

struct Voice<'z> {
    zone: Zone,
    gain: &'z mut f32,
}

fn voice<'z>() -> Voice<'z> {
    let zone = Zone::new(1024);
    let gain = zone.alloc(0.5);
    Voice { zone, gain }
}

fn main() {}
