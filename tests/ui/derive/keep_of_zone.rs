// Keeps a field that borrows from the zone.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice<'z> {
    #[deep_copy(keep)]
    samples: Vec<&'z f32>,
}

fn main() {}
