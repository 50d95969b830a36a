// Writes the body as a closure.
use memzone::beginz;

fn used() -> usize {
    beginz!(|z| z.used())
}

fn main() {}
