// Holds values that borrow from what ends before the pool, whose drop runs theirs.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool(8);
    {
        let name = String::from("kick");
        let _ = pool.insert(name.as_str());
    }
}
