// Returns a struct that borrows from the scope's zone without saying where to copy it.
use memzone::{DeepCopy, beginz};

#[derive(DeepCopy)]
struct Voice<'z> {
    delay: &'z [f32],
}

fn main() {
    let voice = beginz!(z => Voice { delay: z.alloc_slice(64, 0.0) });
    println!("{}", voice.delay.len());
}
