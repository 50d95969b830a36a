// Retires what borrows from a zone as a `dyn Any`.
use memzone::{Zone, reclaim::Reclaimer};
use std::any::Any;

fn main() {
    let mut retirer = Reclaimer::new().retirer(4);
    let zone = Zone::new(1024);
    let hidden: Box<dyn Any + Send> = Box::new(&*zone.alloc(1_u32));
    let _ = retirer.retire(hidden);
}
