// Refers to a type that has no `DeepCopy`.
use memzone::DeepCopy;

struct Filter;

#[derive(DeepCopy)]
struct Voice<'z> {
    filter: Option<&'z Filter>,
}

fn main() {}
