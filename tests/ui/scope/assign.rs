// Assigns a reference into the scope's zone to a variable outside.
use memzone::beginz;

fn main() {
    let gain;
    beginz!(z => {
        gain = z.alloc(0.5_f32);
    });
    *gain += 0.1;
}
