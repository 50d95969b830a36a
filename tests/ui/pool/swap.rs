// Exchanges a pool for one of a zone that ends before it.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool::<u32>(4);
    {
        let inner = Zone::new(1024);
        std::mem::swap(&mut pool, &mut inner.pool(4));
    }
    pool.insert(1).unwrap();
}
