// Pushes a reference into the scope's zone into a `Vec` outside.
use memzone::beginz;

fn main() {
    let mut voices = Vec::new();
    for voice in 0..8 {
        beginz!(z => voices.push(z.alloc(voice)));
    }
    println!("{voices:?}");
}
