// Registers a hook that borrows from its caller: the zone may end later than that.
use memzone::Zone;

fn count(zone: &Zone, resets: &std::sync::atomic::AtomicU32) {
    zone.on_cleanup(|| {
        resets.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
}

fn main() {}
