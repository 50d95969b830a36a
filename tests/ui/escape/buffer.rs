// Makes a zone of a buffer on the stack: its `ZBox`es could outlive it.
use memzone::Zone;
use std::mem::MaybeUninit;

fn main() {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let zone = Zone::from_buffer(&mut buffer);
    zone.alloc(0.5_f32);
}
