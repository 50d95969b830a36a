// Puts a type into a zone that has a field with a destructor.
use memzone::Zone;

struct Voice {
    name: Option<String>,
    gain: f32,
}

fn main() {
    let zone = Zone::new(1024);
    let voice = zone.alloc(Voice { name: None, gain: 0.5 });
    println!("{:?} {}", voice.name, voice.gain);
}
