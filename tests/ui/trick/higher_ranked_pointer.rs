// Gives a function of one lifetime for one of all lifetimes.
use memzone::Zone;

fn forever(zone: &'static Zone) -> &'static mut u32 {
    zone.alloc(1)
}

fn main() {
    let any: for<'z> fn(&'z Zone) -> &'z mut u32 = forever;
    any(&Zone::new(1024));
}
