// Returns a `dyn Any` with what lies in the scope's zone.
use memzone::beginz;
use std::any::Any;

fn main() {
    let _kept: Box<dyn Any> = beginz!(z => Box::new(&*z.alloc(1_u32)) as Box<dyn Any>);
}
