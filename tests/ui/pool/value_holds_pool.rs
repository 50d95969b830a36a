// Holds values that have a reference to their own pool: its drop would run theirs.
use memzone::{Pool, Zone};

struct Voice<'p> {
    pool: &'p Pool<'p, Voice<'p>>,
}

impl Drop for Voice<'_> {
    fn drop(&mut self) {
        println!("{}", self.pool.len());
    }
}

fn main() {
    let zone = Zone::new(1024);
    let pool = zone.pool(8);
    let _ = pool.boxed(Voice { pool: &pool });
}
