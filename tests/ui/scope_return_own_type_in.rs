// Returns a type of the user's own that has no `DeepCopy` to a zone that is named.
use memzone::{Zone, beginz};

struct Voice<'z> {
    gain: &'z f32,
}

fn main() {
    let outer = Zone::new(1024);
    let voice = beginz!(z in &outer => Voice { gain: z.alloc(0.5) });
    println!("{}", voice.gain);
}
