// Repeats a value that cannot be copied bit by bit.
use memzone::letz;

fn main() {
    letz!(a = [String::new(); 8] => a.len());
}
