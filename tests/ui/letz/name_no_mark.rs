// Leaves out what says whether a name is the zone's or the size.
use memzone::letz;

fn main() {
    let n = 4096;
    let x = letz!(n a = [0.0_f32; 4] => a[0]);
    println!("{x}");
}
