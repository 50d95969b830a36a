// Resets a zone in the body that it was entered for.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let _ = zone.enter(|| zone.reset());
}
