// Shares a zone between threads behind a lock: its count of handles is no atomic.
use memzone::Zone;
use std::sync::Mutex;

static VOICES: Mutex<Option<Zone>> = Mutex::new(None);

fn main() {}
