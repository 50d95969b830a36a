// Hands over a value that borrows: it may be dropped after what it borrows from.
use memzone::reclaim::Reclaimer;

fn main() {
    let mut retirer = Reclaimer::new().retirer(4);
    let samples = vec![0.0_f32; 64];
    retirer.retire(Box::new(&samples)).unwrap();
}
