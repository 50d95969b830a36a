use memzone::{Zone, zvec};

fn main() {
    let zone = Zone::new(1024);
    let mut notes = zvec![in zone; 60, 64, 67];
    let taken = notes.drain(..2);
    notes.push(72);
    println!("{}", taken.count());
}
