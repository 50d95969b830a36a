// Sends a value that is not `Send`.
use memzone::Parcel;
use std::rc::Rc;

fn main() {
    let parcel = Parcel::<Rc<u8>>::new(64, |_| Rc::new(1));
    std::thread::spawn(move || drop(parcel));
}
