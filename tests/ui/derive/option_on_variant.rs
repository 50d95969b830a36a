// Puts the attribute on a variant.
use memzone::DeepCopy;

#[derive(DeepCopy)]
enum Wave {
    #[deep_copy(flat)]
    Sine,
    Saw,
}

fn main() {}
