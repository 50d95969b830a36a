// A `ZBox` with a reference to itself, whose owner is then dropped.
use memzone::Zone;
use std::cell::Cell;

struct Loop<'b>(Cell<Option<&'b Loop<'b>>>);

impl Drop for Loop<'_> {
    fn drop(&mut self) {
        self.0.get();
    }
}

fn main() {
    let zone = Zone::new(1024);
    let boxed = zone.boxed(Loop(Cell::new(None)));
    boxed.0.set(Some(&*boxed));
    drop(boxed);
}
