// Returns a type of the user's own that has no `DeepCopy`.
use memzone::beginz;

struct Voice {
    gain: f32,
}

fn main() {
    let voice = beginz!({ Voice { gain: 0.5 } });
    println!("{}", voice.gain);
}
