// Returns a binding of `letz!`, which lives in its zone, as something else than a box in the zone above.
use memzone::letz;

fn main() {
    let window: &mut [f32] = letz!(a = [0.0; 64] => a);
    window.fill(1.0);
}
