// Resets a zone with a text that was kept.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let mut name = zone.string();
    name.push_str("kick");
    let name = name.into_str();
    let _ = zone.reset();
    println!("{name}");
}
