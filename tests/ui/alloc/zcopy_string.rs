// Copies a reference to a `String`: the copy of the `String` would be in the zone.
use memzone::{Zone, zcopy};

fn main() {
    let zone = Zone::new(1024);
    let name = "kick".to_string();
    println!("{}", zcopy(&&name, &zone));
}
