// Returns a value of any type from a scope: not every one can be copied.
use memzone::{Zone, beginz};

fn run<T>(body: impl FnOnce(&Zone) -> T) -> T {
    beginz!(z => body(z))
}

fn main() {}
