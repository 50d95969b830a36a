// An async block that borrows from a zone goes on after the zone's end.
use memzone::Zone;
use std::pin::{Pin, pin};

fn main() {
    let mut kept: Option<Pin<Box<dyn Future<Output = u32>>>> = None;
    {
        let zone = Zone::new(1024);
        let value = zone.alloc(1_u32);
        kept.replace(Box::pin(async {
            std::future::ready(()).await;
            *value
        }));
    }
    let _ = pin!(kept.unwrap());
}
