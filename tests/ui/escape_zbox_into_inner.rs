// Moves a value out of its `ZBox` while it is borrowed.
use memzone::{ZBox, Zone};

fn main() {
    let zone = Zone::new(1024);
    let name: ZBox<String> = zone.boxed("kick".to_string());
    let borrowed = name.as_str();
    let owned = ZBox::into_inner(name);
    println!("{borrowed} {owned}");
}
