// Has a field of a type that has no `DeepCopy`.
use memzone::DeepCopy;

struct Filter;

#[derive(DeepCopy)]
struct Voice {
    gain: f32,
    filter: Filter,
}

fn main() {}
