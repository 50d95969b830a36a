// Uses a reference after the block that its zone lived in.
use memzone::Zone;

fn main() {
    let gain;
    {
        let zone = Zone::new(1024);
        gain = zone.alloc(0.5_f32);
    }
    *gain += 0.1;
}
