// Names an option that there is not.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(shallow)]
struct Voice {
    gain: f32,
}

fn main() {}
