// Derives for two lifetimes: only one can be the zone's.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice<'z, 'n> {
    delay: &'z [f32],
    name: &'n str,
}

fn main() {}
