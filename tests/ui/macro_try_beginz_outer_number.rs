// Copies to a number.
use memzone::try_beginz;

fn main() {
    let _ = try_beginz!(z in 5_i32 => z.used());
}
