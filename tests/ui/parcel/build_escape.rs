// Takes a reference into the zone out of the builder.
use memzone::Parcel;

fn main() {
    let mut kept: Option<&str> = None;
    let parcel = Parcel::<&str>::new(64, |z| {
        let name: &str = z.alloc_str("kick");
        kept = Some(name);
        name
    });
    drop(parcel);
    println!("{kept:?}");
}
