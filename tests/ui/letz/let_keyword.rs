// Writes `let` and `;` as in a block.
use memzone::letz;

fn main() {
    let x = letz!(let a = [0.0_f32; 4]; => a[0]);
    println!("{x}");
}
