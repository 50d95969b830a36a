use memzone::{Zone, zvec};

fn main() {
    let zone = Zone::new(1024);
    let notes = zvec![zone; 60, 64];
    println!("{notes:?}");
}
