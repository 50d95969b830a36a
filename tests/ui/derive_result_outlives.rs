// Uses a derived copy after the zone that it was copied to.
use memzone::{DeepCopy, Zone, zcopy};

#[derive(DeepCopy)]
struct Node<'z> {
    next: Option<&'z Node<'z>>,
}

fn main() {
    let copy;
    {
        let zone = Zone::new(1024);
        copy = zcopy(&Node { next: None }, &zone);
    }
    println!("{}", copy.next.is_some());
}
