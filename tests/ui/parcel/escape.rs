// Takes a reference into the zone out of `with`.
use memzone::Parcel;

fn main() {
    let name = Parcel::<&str>::new(64, |z| &*z.alloc_str("kick"));
    let kept: &str = name.with(|name| *name);
    drop(name);
    println!("{kept}");
}
