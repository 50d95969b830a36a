// Carries a reference out of the scope by `break`.
use memzone::beginz;

fn main() {
    let gain = loop {
        beginz!(z => {
            break z.alloc(0.5_f32);
        })
    };
    *gain += 0.1;
}
