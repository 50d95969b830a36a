// Lists values of different types.
use memzone::letz;

fn main() {
    letz!(a = [1, 2.0] => a.len());
}
