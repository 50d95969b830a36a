// Puts `ZBox`es into a zone, which would never end the zone they hold.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    zone.alloc_slice_with(8, |index| zone.boxed(index));
}
