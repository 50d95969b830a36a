// Keeps a value from the iteration while it is dropped.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool::<String>(8);
    let first = pool.iter_mut().next();
    pool.retain(|_| false);
    println!("{first:?}");
}
