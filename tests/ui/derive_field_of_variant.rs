// Has a variant with a field of a type that has no `DeepCopy`.
use memzone::DeepCopy;

struct Filter;

#[derive(DeepCopy)]
enum Voice {
    Plain(f32),
    Filtered(Filter, f32),
}

fn main() {}
