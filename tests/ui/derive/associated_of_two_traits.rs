// Does not say which trait's type it is.
use memzone::DeepCopy;

trait Sound {
    type Sample;
}

trait Named {}

#[derive(DeepCopy)]
struct Player<'z, S: Sound + Named> {
    sound: &'z S,
    last: S::Sample,
}

fn main() {}
