// Registers a hook that must stay on its thread: the zone may end on another one.
use memzone::Zone;
use std::rc::Rc;

fn main() {
    let count = Rc::new(());
    Zone::new(1024).on_cleanup(move || drop(count));
}
