// Carries a reference out of the scope by `break` with a label.
use memzone::beginz;

fn main() {
    let gain = 'found: {
        beginz!(z => {
            break 'found z.alloc(0.5_f32);
        })
    };
    *gain += 0.1;
}
