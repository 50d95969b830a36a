// Gives a list's length as a text.
use memzone::letz;

fn main() {
    letz!(a = [0.0_f32; "8"] => a.len());
}
