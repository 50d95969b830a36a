// Gives the size as a text.
use memzone::letz;

fn main() {
    letz!("64k", a = 1 => *a);
}
