// Borrows from the zone a slice of what is borrowed from elsewhere.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[deep_copy(zone = 'z)]
struct Line<'z, 'src> {
    words: &'z [&'src str],
}

fn main() {}
