// Annotates a slice with the type of one item.
use memzone::letz;

fn main() {
    let n = 4;
    let x = letz!(a: f32 = [0.0; n] => a[0]);
    println!("{x}");
}
