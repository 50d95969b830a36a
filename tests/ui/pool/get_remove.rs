// Removes a value that is borrowed.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let mut pool = zone.pool(8);
    let key = pool.insert(String::from("kick")).unwrap();
    let name = pool.get(key);
    pool.remove(key);
    println!("{name:?}");
}
