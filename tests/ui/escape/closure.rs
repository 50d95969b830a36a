// Returns a closure that captured a reference into a zone of the function's.
use memzone::Zone;

fn oscillator() -> impl FnMut() -> f32 {
    let zone = Zone::new(1024);
    let phase = zone.alloc(0.0_f32);
    move || {
        *phase += 0.1;
        phase.sin()
    }
}

fn main() {}
