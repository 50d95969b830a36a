// Shares a zone through a static.
use memzone::Zone;
use std::sync::OnceLock;

static ZONE: OnceLock<Zone> = OnceLock::new();

fn main() {
    ZONE.get_or_init(|| Zone::new(1024));
}
