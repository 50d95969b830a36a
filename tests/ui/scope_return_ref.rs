// A shared reference needs a zone to be copied to as well.
use memzone::beginz;

fn main() {
    let gain: &f32 = beginz!(z => {
        let gain: &f32 = z.alloc(0.5_f32);
        gain
    });
    println!("{gain}");
}
