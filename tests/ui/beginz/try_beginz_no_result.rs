// Uses the result as if nothing could err.
use memzone::try_beginz;

fn main() {
    let used: usize = try_beginz!(z => z.used());
    println!("{used}");
}
