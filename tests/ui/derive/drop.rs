// Derives for a type with a destructor, whose fields cannot be moved out.
use memzone::DeepCopy;

#[derive(DeepCopy)]
struct Voice {
    name: String,
}

impl Drop for Voice {
    fn drop(&mut self) {
        println!("{} ends", self.name);
    }
}

fn main() {}
