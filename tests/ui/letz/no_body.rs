// Forgets `=>` and the body.
use memzone::letz;

fn main() {
    letz!(a = 1);
}
