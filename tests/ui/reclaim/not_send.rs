// Hands over a value that may not leave its thread.
use memzone::reclaim::Reclaimer;
use std::rc::Rc;

fn main() {
    let mut retirer = Reclaimer::new().retirer(4);
    retirer.retire(Rc::new(1)).unwrap();
}
