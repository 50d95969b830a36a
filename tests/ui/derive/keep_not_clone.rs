// Keeps a field that cannot be cloned.
use memzone::DeepCopy;

struct File;

#[derive(DeepCopy)]
struct Recording<'z> {
    #[deep_copy(keep)]
    file: File,
    samples: &'z [f32],
}

fn main() {}
