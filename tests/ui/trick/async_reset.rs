// Resets a zone that an async block still uses.
use memzone::Zone;

fn main() {
    let mut zone = Zone::new(1024);
    let play = async {
        let value = zone.alloc(1_u32);
        std::future::ready(()).await;
        *value
    };
    zone.reset().unwrap();
    drop(play);
}
