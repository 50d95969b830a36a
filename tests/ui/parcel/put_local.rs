// Puts a reference to a local value into a parcel.
use memzone::Parcel;

fn main() {
    let mut name = Parcel::<&str>::new(64, |z| &*z.alloc_str("kick"));
    let local = String::from("snare");
    name.with_mut(|name| *name = &local);
}
