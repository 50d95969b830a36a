// Carries a reference out of the scope as a panic's payload.
use memzone::beginz;

fn main() {
    beginz!(z => {
        let gain: &f32 = z.alloc(0.5);
        if *gain > 0.4 {
            std::panic::panic_any(gain);
        }
    });
}
