// Moves a reference into the scope's zone out in a type of the standard library's.
use memzone::beginz;
use std::sync::Mutex;

fn main() {
    let shared: Mutex<&mut u8> = beginz!(z => Mutex::new(z.alloc(5)));
    println!("{shared:?}");
}
