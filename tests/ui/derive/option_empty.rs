// Writes the attribute with an empty list of options.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy()]
struct Voice {
    gain: f32,
}

fn main() {}
