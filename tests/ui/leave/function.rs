// Returns a slice of the scope's zone as the function's result.
use memzone::letz;

fn window<'a>(len: usize) -> &'a [f32] {
    letz!(w = [0.0; len] => &w[..])
}

fn main() {
    window(4);
}
