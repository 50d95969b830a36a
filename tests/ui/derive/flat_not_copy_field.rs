// Says of a field that it is copied bit by bit, which its type is not.
use memzone::DeepCopy;

#[derive(Clone)]
struct Filter;

#[derive(DeepCopy)]
struct Voice<'z> {
    #[deep_copy(flat)]
    filter: Option<Filter>,
    samples: &'z [f32],
}

fn main() {}
