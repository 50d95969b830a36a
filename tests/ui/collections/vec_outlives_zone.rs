use memzone::{ZVec, Zone, zvec};

fn notes() -> ZVec<'static, u8> {
    let zone = Zone::new(1024);
    zvec![in zone; 60, 64]
}

fn main() {
    notes();
}
