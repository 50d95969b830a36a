// Keeps an iterator over a parcel's value.
use memzone::Parcel;

fn main() {
    let parcel = Parcel::<&[u32]>::new(1024, |z| z.alloc_slice(16, 1_u32));
    let mut kept = parcel.with(|value| value.iter());
    drop(parcel);
    println!("{:?}", kept.next());
}
