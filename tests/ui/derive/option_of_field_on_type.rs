// Says of a type what is said of fields.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[deep_copy(keep)]
struct Voice {
    gain: f32,
}

fn main() {}
