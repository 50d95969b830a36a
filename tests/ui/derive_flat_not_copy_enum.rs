// Copies an enum bit by bit that could be, but is not `Copy`.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[deep_copy(flat)]
enum Wave {
    Sine,
    Saw,
}

fn main() {}
