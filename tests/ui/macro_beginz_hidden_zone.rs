// Uses the zone without having named it.
use memzone::beginz;

fn main() {
    beginz!(zone.used());
}
