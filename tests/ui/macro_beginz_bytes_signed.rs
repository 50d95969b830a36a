// Gives the size as a signed number.
use memzone::beginz;

fn main() {
    let bytes = -1_i32;
    beginz!(bytes, z => z.used());
}
