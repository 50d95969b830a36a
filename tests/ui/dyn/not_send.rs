// What is in it decides whether it may go to another thread.
use memzone::{Inline, inline};
use std::fmt::Debug;

fn main() {
    let shown: Inline<dyn Debug, 16> = inline!(5 => dyn Debug);
    std::thread::spawn(move || println!("{shown:?}"));
}
