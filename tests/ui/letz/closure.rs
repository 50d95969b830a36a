// Returns a closure that captured a binding of `letz!`.
use memzone::letz;

fn main() {
    let mut oscillator = letz!(phase = 0.0_f32 => {
        let next = move || {
            *phase += 0.1;
            phase.sin()
        };
        next
    });
    println!("{}", oscillator());
}
