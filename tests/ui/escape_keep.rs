// Keeps a reference uncopied that does not outlive the zone it is passed to.
use memzone::{Keep, Zone, zcopy};

fn main() {
    let outer = Zone::new(1024);
    let kept = {
        let inner = Zone::new(1024);
        let gain: &f32 = inner.alloc(0.5);
        zcopy(&Keep(gain), &outer)
    };
    println!("{}", *kept);
}
