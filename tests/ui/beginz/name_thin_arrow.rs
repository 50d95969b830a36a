// Writes another arrow.
use memzone::beginz;

fn main() {
    beginz!(z -> { z.used() });
}
