// Has a field that refers to what lives for ever: its copy would not. `Keep` passes it on.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice {
    name: &'static str,
}

fn main() {}
