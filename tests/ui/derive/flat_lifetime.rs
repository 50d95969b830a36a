// Copies a type with references bit by bit: they would still refer to the old zone.
use memzone::DeepCopy;

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
struct Voice<'z> {
    delay: &'z [f32],
}

fn main() {}
