// Collects boxes into a zone, which would never free them.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    zone.alloc_iter((0..8).map(Box::new));
}
