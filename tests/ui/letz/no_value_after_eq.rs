// Forgets the value after `=`.
use memzone::letz;

fn main() {
    letz!(a = => {});
}
