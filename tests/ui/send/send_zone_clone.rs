// Clones a `SendZone`: there would be handles on two threads.
use memzone::Zone;

fn main() {
    let sendable = Zone::new(1024).into_sendable().unwrap();
    let other = sendable.clone();
    std::thread::spawn(move || other.into_zone());
    sendable.into_zone();
}
