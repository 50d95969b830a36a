// Forgets the comma between two bindings.
use memzone::letz;

fn main() {
    letz!(a = 1 b = 2 => *a + *b);
}
