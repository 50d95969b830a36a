// Copies from one scope to the one around it, and uses it outside of both.
use memzone::beginz;

fn main() {
    let gain;
    beginz!(outer => {
        gain = beginz!(z in outer => z.alloc(0.5_f32));
    });
    *gain += 0.1;
}
