// A thread may outlive the frame.
use memzone::salloc;

fn main() {
    let slice = salloc![1.0; 4];
    std::thread::spawn(|| slice[0] = 2.0).join().unwrap();
}
