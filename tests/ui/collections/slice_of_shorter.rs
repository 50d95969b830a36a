//! A vector's items may end before its zone. The slice that is made of it may not be said to outlive them.
use memzone::{ZVec, Zone};

fn longer<'z, 's>(items: ZVec<'z, &'s str>) -> &'z mut [&'s str] {
    items.into_slice()
}

fn kept<'z>(zone: &'z Zone, text: &str) -> &'z [&'z str] {
    let mut items = zone.vec();
    items.push(text);
    items.into_slice()
}

fn main() {
    let zone = Zone::new(1024);
    let kept = kept(&zone, &String::from("ends"));
    println!("{kept:?}");
    println!("{:?}", longer(zone.vec()));
}
