// Expects a number, and gives the reference to one.
use memzone::letz;

fn main() {
    let x: f32 = letz!(sum = 0.5 => &*sum);
    println!("{x}");
}
