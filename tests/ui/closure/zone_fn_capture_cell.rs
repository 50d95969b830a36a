// Shares a cell in the zone between two closures, of which one could stay behind.
use memzone::ZoneFn;
use std::cell::Cell;

fn main() {
    ZoneFn::new(1024, |z| {
        let count: &Cell<u32> = z.alloc(Cell::new(0));
        z.closure(move |()| count.set(count.get() + 1))
    });
}
