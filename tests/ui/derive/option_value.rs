// Gives the option a value.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat = true)]
struct Voice {
    gain: f32,
}

fn main() {}
