// Copies from one scope to the one around it, and on to nowhere.
use memzone::beginz;

fn main() {
    let gain = beginz!(outer => beginz!(z in outer => z.alloc(0.5_f32)));
    *gain += 0.1;
}
