// Hides a reference into a zone in a `Box<dyn Any>`, which knows no lifetimes.
use memzone::Zone;
use std::any::Any;

fn main() {
    let kept: Box<dyn Any> = {
        let zone = Zone::new(1024);
        Box::new(&*zone.alloc(1_u32))
    };
    println!("{:?}", kept.downcast_ref::<&u32>());
}
