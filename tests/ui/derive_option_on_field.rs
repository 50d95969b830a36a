// Puts the attribute on a field.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice {
    #[deep_copy(flat)]
    gain: f32,
}

fn main() {}
