// Carries a reference out of a function that lends a zone of any lifetime.
use memzone::Zone;

fn with_zone(body: impl for<'z> FnOnce(&'z Zone)) {
    body(&Zone::new(1024));
}

fn main() {
    let mut kept: Option<&mut u32> = None;
    with_zone(|zone| kept = Some(zone.alloc(1)));
    println!("{kept:?}");
}
