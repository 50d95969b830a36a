// Makes a mistake in the body: the message points there.
use memzone::beginz;

fn main() {
    beginz!(z => {
        let sum: f32 = z.alloc_slice(8, 0.5_f32).iter().sum();
        sum.no_such_method()
    });
}
