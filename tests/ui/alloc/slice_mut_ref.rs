// Fills a slice with copies of an exclusive reference.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    let gains = zone.alloc_slice(2, gain);
    *gains[0] += *gains[1];
}
