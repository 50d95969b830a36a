// Returns a closure that captured a binding of `letz!`.
use memzone::letz;

fn main() {
    let mut oscillator = letz!(phase = 0.0_f32 => move || {
        *phase += 0.1;
        phase.sin()
    });
    println!("{}", oscillator());
}
