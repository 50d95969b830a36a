// Binds a `String` in the zone of `letz!`, which would never free its heap memory.
use memzone::letz;

fn main() {
    let length = letz!(name = "kick".to_string() => name.len());
    println!("{length}");
}
