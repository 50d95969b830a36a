// Forgets the outer zone after `in`.
use memzone::letz;

fn main() {
    letz!(z in; a = 1 => a);
}
