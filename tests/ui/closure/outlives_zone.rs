// Calls a closure whose zone is gone.
use memzone::Zone;

fn main() {
    let mut f = {
        let zone = Zone::new(1024);
        zone.closure(|n: u32| n + 1)
    };
    f(1);
}
