// Writes `==` for `=`.
use memzone::letz;

fn main() {
    letz!(a == 1 => *a);
}
