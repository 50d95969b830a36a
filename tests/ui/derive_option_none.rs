// Writes the attribute without an option.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy]
struct Voice {
    gain: f32,
}

fn main() {}
