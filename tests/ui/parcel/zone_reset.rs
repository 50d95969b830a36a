// Rewinds the zone that its value lives in.
use memzone::{Parcel, Zone};

fn main() {
    let mut parcel = Parcel::<&Zone>::new(64, |z| z);
    parcel.with_mut(|zone| zone.reset()).unwrap();
}
