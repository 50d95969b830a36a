// Returns references in a `Vec` without saying where to copy what they refer to.
use memzone::beginz;

fn main() {
    let voices = beginz!(z => vec![z.alloc(0.5_f32)]);
    println!("{}", voices.len());
}
