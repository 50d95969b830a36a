// Takes a parcel's value out as a `dyn Any`.
use memzone::Parcel;
use std::any::Any;

fn main() {
    let parcel = Parcel::<&[u32]>::new(1024, |z| z.alloc_slice(16, 1_u32));
    let kept = parcel.with(|value| Box::new(*value) as Box<dyn Any>);
    drop(parcel);
    println!("{:?}", kept.downcast_ref::<&[u32]>());
}
