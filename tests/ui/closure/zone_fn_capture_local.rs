// Captures a reference to what ends before the closure does.
use memzone::ZoneFn;

fn main() {
    let table = [0.5_f32; 64];
    let mut f = ZoneFn::new(1024, |z| z.closure(|at: usize| table[at]));
    f(0);
}
