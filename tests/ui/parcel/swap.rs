// Exchanges the values of two parcels, so that each borrows from the other's zone.
use memzone::Parcel;

fn main() {
    let mut kick = Parcel::<&str>::new(64, |z| &*z.alloc_str("kick"));
    let mut snare = Parcel::<&str>::new(64, |z| &*z.alloc_str("snare"));
    kick.with_mut(|kick| snare.with_mut(|snare| std::mem::swap(kick, snare)));
}
