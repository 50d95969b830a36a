// Makes a zone for all threads.
use memzone::Zone;
use std::sync::LazyLock;

static VOICES: LazyLock<Zone> = LazyLock::new(|| Zone::new(1024));

fn main() {}
