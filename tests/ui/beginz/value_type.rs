// Expects another type than the body's.
use memzone::beginz;

fn main() {
    let used: String = beginz!(z => z.used());
    println!("{used}");
}
