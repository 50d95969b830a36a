// Hands over a zone as it is; `into_sendable` makes one that may go.
use memzone::Zone;
use memzone::reclaim::Reclaimer;

fn main() {
    let mut retirer = Reclaimer::new().retirer(4);
    retirer.retire(Zone::new(1024)).unwrap();
}
