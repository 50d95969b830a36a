// Does not say where the crate is.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[deep_copy(crate)]
struct Voice {
    gain: f32,
}

fn main() {}
