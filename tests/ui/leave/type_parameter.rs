// Returns what a function makes of the scope's zone, as a type parameter.
use memzone::{Zone, beginz};

fn run<'z, T>(make: impl FnOnce(&'z Zone) -> T) -> T {
    beginz!(z => make(z))
}

fn main() {
    run(|zone| zone.alloc(5_u8));
}
