// Sends a zone away that is borrowed from.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let gain = zone.alloc(0.5_f32);
    let sendable = zone.into_sendable();
    *gain += 0.1;
    drop(sendable);
}
