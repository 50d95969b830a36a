// Writes the body as a closure, which then is the value.
use memzone::beginz;

fn main() {
    let used: usize = beginz!(|z| z.used());
    println!("{used}");
}
