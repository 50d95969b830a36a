// Puts the attribute on a field, of a type that has it already.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
struct Voice {
    #[deep_copy(flat)]
    gain: f32,
}

fn main() {}
