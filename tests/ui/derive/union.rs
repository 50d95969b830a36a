// Derives for a union, which does not say which field holds.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
union Sample {
    float: f32,
    bits: u32,
}

fn main() {}
