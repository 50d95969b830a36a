// Allocates in the zone of a value on two threads.
use memzone::{Parcel, Zone};

fn main() {
    let parcel = Parcel::<&Zone>::new(64, |z| z);
    std::thread::scope(|threads| {
        threads.spawn(|| parcel.with(|zone| *zone.alloc(1)));
        parcel.with(|zone| *zone.alloc(2));
    });
}
