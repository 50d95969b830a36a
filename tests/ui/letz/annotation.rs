// Annotates another type than the value's.
use memzone::letz;

fn main() {
    letz!(a: f32 = 1_u8 => *a);
}
