// Uses a pool as one of values that live shorter, and puts such a value in.
use memzone::{Pool, Zone};

fn insert<'a>(pool: &Pool<'_, &'a str>, name: &'a str) {
    std::mem::forget(pool.boxed(name));
}

fn main() {
    let zone = Zone::new(1024);
    let mut pool: Pool<&'static str> = zone.pool(8);
    insert(&pool, &String::from("kick"));
    pool.clear();
}
