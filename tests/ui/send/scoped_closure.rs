// Uses a zone on another thread.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    std::thread::scope(|threads| { threads.spawn(|| { zone.alloc(1); }); });
}
