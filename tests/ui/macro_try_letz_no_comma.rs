// Forgets the comma between two bindings.
use memzone::try_letz;

fn main() {
    let _ = try_letz!(a = 1 b = 2 => *a + *b);
}
