// Shares a value that is not `Sync` with another thread.
use memzone::Parcel;
use std::cell::Cell;

fn main() {
    let parcel = Parcel::<Cell<u8>>::new(64, |_| Cell::new(1));
    std::thread::scope(|threads| {
        threads.spawn(|| parcel.with(|cell| cell.set(2)));
        parcel.with(|cell| cell.set(3));
    });
}
