// Hides a pool's box in a `dyn Any`.
use memzone::Zone;
use std::any::Any;

fn main() {
    let zone = Zone::new(1024);
    let pool = zone.pool::<u32>(4);
    let kept: Box<dyn Any> = Box::new(pool.boxed(1).unwrap());
    drop(pool);
    drop(kept);
}
