// Borrows two values mutably at a time: the keys may be equal.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool(8);
    let key = pool.insert(0.5_f32).unwrap();
    let first = pool.get_mut(key);
    let second = pool.get_mut(key);
    std::mem::swap(first.unwrap(), second.unwrap());
}
