// Holds a zone across an `.await` of a future that may move between threads.
use memzone::Zone;

fn spawn(_task: impl Future<Output = ()> + Send + 'static) {}

fn main() {
    spawn(async {
        let zone = Zone::new(1024);
        std::future::ready(()).await;
        zone.alloc(0.5_f32);
    });
}
