// Forgets `in` before the outer zone.
use memzone::{Zone, try_beginz};

fn main() {
    let outer = &Zone::new(1024);
    let _ = try_beginz!(z outer => {});
}
