// Forgets the type after `:`.
use memzone::letz;

fn main() {
    letz!(a: = 1 => *a);
}
