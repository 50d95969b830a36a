// Has a raw pointer, which nobody can follow.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice {
    samples: *const f32,
}

fn main() {}
