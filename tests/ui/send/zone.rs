// Moves a zone to another thread: only a `SendZone` may go.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    std::thread::spawn(move || zone.used());
}
