// Takes the reference to its zone, which the value keeps, out of `with`.
use memzone::{Parcel, Zone};

fn main() {
    let parcel = Parcel::<&Zone>::new(64, |z| z);
    let zone: &Zone = parcel.with(|zone| *zone);
    drop(parcel);
    zone.alloc(1);
}
