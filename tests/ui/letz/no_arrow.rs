// Leaves out `=>` before the body.
use memzone::letz;

fn main() {
    letz!(a = 1, b = 2 { *a + *b });
}
