// Stores a reference in a struct that outlives the zone.
use memzone::Zone;

struct Voice<'z> {
    delay: Option<&'z mut [f32]>,
}

fn main() {
    let mut voice = Voice { delay: None };
    {
        let zone = Zone::new(1024);
        voice.delay = Some(zone.alloc_slice(64, 0.0));
    }
    voice.delay.unwrap().fill(0.0);
}
