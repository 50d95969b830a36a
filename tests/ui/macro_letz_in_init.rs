// Uses a binding before it is there.
use memzone::letz;

fn main() {
    letz!(a = *b, b = 1 => *a + *b);
}
