// Sends a value that holds a reference to its zone.
use memzone::{Parcel, Zone};

fn main() {
    let parcel = Parcel::<&Zone>::new(64, |z| z);
    std::thread::spawn(move || drop(parcel));
}
