// Returns a binding of `letz!`, which lives in its zone.
use memzone::letz;

fn main() {
    let window = letz!(a = [0.0_f32; 64] => a);
    window.fill(1.0);
}
