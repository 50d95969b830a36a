// Collects what scopes made, behind a `RefCell` that lives longer.
use memzone::beginz;
use std::cell::RefCell;

fn main() {
    let kept = RefCell::new(Vec::new());
    beginz!(z => kept.borrow_mut().push(z.alloc_slice(8, 0.5_f32)));
    println!("{:?}", kept.borrow());
}
