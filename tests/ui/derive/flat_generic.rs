// Copies a generic type bit by bit with a parameter that hides a reference.
use memzone::{DeepCopy, Zone, zcopy};

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
struct Pair<T>(T, T);

fn main() {
    let outer = Zone::new(1024);
    let pair = {
        let inner = Zone::new(1024);
        let gain: &f32 = inner.alloc(0.5);
        zcopy(&Pair(gain, gain), &outer)
    };
    println!("{}", pair.0 + pair.1);
}
