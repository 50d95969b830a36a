// Gives a thread that may outlive the scope a reference into the scope's zone.
use memzone::beginz;

fn main() {
    beginz!(z => {
        let samples = z.alloc_slice(64, 0.0_f32);
        std::thread::spawn(move || samples.fill(1.0));
    });
}
