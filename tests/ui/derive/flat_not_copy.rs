// Copies a type bit by bit that is not `Copy`.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[deep_copy(flat)]
struct Voice {
    name: String,
}

fn main() {}
