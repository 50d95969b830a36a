// Copies to a number.
use memzone::beginz;

fn main() {
    let outer = 5_i32;
    beginz!(z in outer => z.used());
}
