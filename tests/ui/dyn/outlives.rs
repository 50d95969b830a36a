// What the value borrows must live as long as the box.
use memzone::{ZBox, Zone, as_dyn};
use std::fmt::Debug;

fn main() {
    let zone = Zone::new(1024);
    let shown: ZBox<dyn Debug + '_> = {
        let text = String::from("kick");
        as_dyn!(zone.boxed(&text) => dyn Debug + '_)
    };
    println!("{shown:?}");
}
