// Copies to a number.
use memzone::letz;

fn main() {
    letz!(z in 5_i32; a = 1 => *a);
}
