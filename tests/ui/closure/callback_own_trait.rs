// Makes objects of a trait of one's own, whose methods could use that they live for ever.
use memzone::{Signature, ZoneFn};
use std::ptr::NonNull;

trait Process {
    fn boxed<'a>(&self) -> Box<dyn Fn() -> f32 + 'a>
    where
        Self: 'a;
}

impl<F: Process + 'static> Signature<(), F> for dyn Process {
    fn object<'z>(closure: NonNull<F>) -> NonNull<dyn Process>
    where
        F: 'z,
    {
        closure
    }
}

fn main() {
    let _f: Option<ZoneFn<dyn Process>> = None;
}
