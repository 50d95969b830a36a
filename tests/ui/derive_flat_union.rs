// Copies a union bit by bit: it may hide a reference.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
union Sample {
    float: f32,
    bits: u32,
}

fn main() {}
