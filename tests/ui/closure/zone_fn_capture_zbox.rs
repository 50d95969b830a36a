// Captures an owned value in a zone: its handle is counted without atomics.
use memzone::ZoneFn;

fn main() {
    ZoneFn::new(1024, |z| {
        let gain = z.boxed(0.5_f32);
        z.closure(move |sample: f32| sample * *gain)
    });
}
