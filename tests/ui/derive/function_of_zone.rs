// Has a function pointer that takes only what borrows from one zone.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice<'z> {
    render: fn(&'z [f32]),
}

fn main() {}
