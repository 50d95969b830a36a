// Calls a closure whose zone is gone.
use memzone::{Closure, Zone};

fn main() {
    let mut f: Closure<'_, dyn FnMut(&mut [f32])> = {
        let zone = Zone::new(1024);
        zone.callback(|block: &mut [f32]| block.fill(0.0))
    };
    f(&mut [0.0; 64]);
}
