// Allocates in a zone on its way: `into_zone` comes first.
use memzone::Zone;

fn main() {
    let sendable = Zone::new(1024).into_sendable().unwrap();
    sendable.alloc(0.5_f32);
}
