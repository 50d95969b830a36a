// `try_alloc` refuses the same.
use memzone::Zone;

fn main() {
    let zone = Zone::new(1024);
    let _ = zone.try_alloc("kick".to_string());
}
