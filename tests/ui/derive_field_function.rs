// Has a boxed closure, which nobody can copy.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice {
    source: Box<dyn FnMut() -> f32>,
}

fn main() {}
