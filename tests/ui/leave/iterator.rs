// Returns an iterator over a slice in the scope's zone.
use memzone::beginz;

fn main() {
    let samples = beginz!(z => z.alloc_slice(64, 0.5_f32).iter().map(|sample| sample * 2.0));
    println!("{}", samples.sum::<f32>());
}
