// Moves a pool to another thread, whose values may not go there.
use memzone::Zone;
use std::rc::Rc;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool::<Rc<f32>>(8);
    std::thread::scope(|threads| {
        threads.spawn(move || pool.clear());
    });
}
