// Says nothing at all.
use memzone::letz;

fn main() {
    letz!();
}
