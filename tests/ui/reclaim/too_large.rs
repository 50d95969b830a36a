// Hands over a value that is larger than a slot.
use memzone::reclaim::Reclaimer;

fn main() {
    let mut retirer = Reclaimer::new().retirer(4);
    retirer.retire([0.0_f32; 64]).unwrap();
}
