// Resets a zone while a closure in it is still to be called.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let mut f = zone.closure(|n: u32| n + 1);
    zone.reset().unwrap();
    f(1);
}
