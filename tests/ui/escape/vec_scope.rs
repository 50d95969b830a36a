// Keeps a scope's vector in a variable from outside.
use memzone::{ZVec, beginz};

fn main() {
    let mut kept: Option<ZVec<u8>> = None;
    beginz!(z => {
        kept = Some(z.vec());
    });
    println!("{kept:?}");
}
