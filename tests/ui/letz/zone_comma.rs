// Names the zone with the separator of a size, after a size.
use memzone::letz;

fn main() {
    let x = letz!(4096, z, a = [0.0_f32; 4] => {
        z.alloc(1_u32);
        a[0]
    });
    println!("{x}");
}
