// Allocates in a scope's zone from another thread.
use memzone::beginz;

fn main() {
    beginz!(z => {
        std::thread::scope(|threads| {
            threads.spawn(|| {
                z.alloc(0.5_f32);
            });
        });
    });
}
