// Copies to a zone that ends before the copy is used.
use memzone::{Zone, zcopy};

fn main() {
    let source = [0.5_f32; 64];
    let copy: &[f32];
    {
        let zone = Zone::new(1024);
        copy = zcopy(&&source[..], &zone);
    }
    println!("{}", copy[0]);
}
