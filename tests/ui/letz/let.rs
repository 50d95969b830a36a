// Writes `let` before a binding.
use memzone::letz;

fn main() {
    letz!(let a = 1 => *a);
}
