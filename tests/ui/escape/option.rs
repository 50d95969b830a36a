// Keeps a reference in an `Option` longer than the zone lives.
use memzone::Zone;

fn main() {
    let mut last: Option<&mut u32> = None;
    for count in 0..2 {
        let zone = Zone::new(1024);
        if let Some(last) = last {
            *last += 1;
        }
        last = Some(zone.alloc(count));
    }
}
