// Hands over a value that is more aligned than a slot.
use memzone::reclaim::Reclaimer;

#[repr(align(64))]
struct Line([u8; 0]);

fn main() {
    let mut retirer = Reclaimer::new().retirer(4);
    retirer.retire(Line([])).unwrap();
}
