// Shares a `SendZone`: it crosses threads by value only.
use memzone::Zone;

fn main() {
    let sendable = Zone::new(1024).into_sendable().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| println!("{sendable:?}"));
    });
}
