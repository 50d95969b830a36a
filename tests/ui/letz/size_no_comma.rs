// Leaves out the comma after the size.
use memzone::letz;

fn main() {
    let x = letz!(4096 a = [0.0_f32; 4] => a[0]);
    println!("{x}");
}
