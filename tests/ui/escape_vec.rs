// Pushes references into a `Vec` that outlives the zone.
use memzone::Zone;

fn main() {
    let mut voices: Vec<&mut [f32]> = Vec::new();
    {
        let zone = Zone::new(1024);
        voices.push(zone.alloc_slice(64, 0.0));
    }
    voices[0].fill(0.0);
}
