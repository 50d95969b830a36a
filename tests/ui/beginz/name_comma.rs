// Names the zone with the separator of a size.
use memzone::beginz;

fn main() {
    let x = beginz!(z, {
        z.alloc(1_u32);
        5_u32
    });
    println!("{x}");
}
