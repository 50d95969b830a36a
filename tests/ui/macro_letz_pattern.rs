// Binds a pattern.
use memzone::letz;

fn main() {
    letz!((a, b) = (1, 2) => *a + *b);
}
