// Separates the bindings from the body with `;`.
use memzone::letz;

fn main() {
    let x = letz!(a = [0.0_f32; 4]; { a[0] });
    println!("{x}");
}
