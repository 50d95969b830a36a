// Copies to the scope's own zone: it has its name in the body only.
use memzone::beginz;

fn main() {
    let gain = beginz!(z in z => z.alloc(0.5_f32));
    *gain += 0.1;
}
