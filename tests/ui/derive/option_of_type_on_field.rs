// Says of a field what is said of types.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice<'z> {
    #[deep_copy(zone = 'z)]
    samples: &'z [f32],
}

fn main() {}
