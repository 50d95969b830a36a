// Forgets the value before the next binding.
use memzone::letz;

fn main() {
    letz!(a = , b = 1 => *b);
}
