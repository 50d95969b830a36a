// Leaks a collection, to keep its items for ever.
use allocator_api2::boxed::Box;
use memzone::Zone;

fn leak() -> &'static mut u8 {
    let zone = Zone::new(1024);
    Box::leak(Box::new_in(1, &zone))
}

fn main() {
    leak();
}
