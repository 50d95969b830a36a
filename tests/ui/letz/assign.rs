// Assigns a binding of `letz!` to a variable outside.
use memzone::letz;

fn main() {
    let window: &mut [f32];
    letz!(a = [0.0_f32; 64] => {
        window = a;
    });
    window.fill(1.0);
}
