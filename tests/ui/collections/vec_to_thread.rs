use memzone::{Zone, zvec};

fn main() {
    let zone = Zone::new(1024);
    let mut notes = zvec![in zone; 60, 64];
    std::thread::scope(|scope| {
        scope.spawn(|| notes.push(67));
    });
}
