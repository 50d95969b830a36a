// Keeps a reference of the zone's own lifetime: `Keep` is for what outlives all zones.
use memzone::{DeepCopy, Keep};

#[derive(DeepCopy)]
struct Voice<'z> {
    name: Keep<&'z str>,
}

fn main() {}
