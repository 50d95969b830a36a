// Has two fields of types that have no `DeepCopy`, in an enum and in what std has.
use memzone::DeepCopy;
use std::collections::HashMap;

struct Filter;

#[derive(DeepCopy)]
enum Voice {
    Plain(Filter),
    Named { by_name: HashMap<String, Vec<Filter>>, gain: f32 },
}

fn main() {}
