// Misspells what is said of a field.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice {
    #[deep_copy(kept)]
    gain: f32,
}

fn main() {}
