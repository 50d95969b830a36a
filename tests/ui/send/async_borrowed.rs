// Holds a reference into a zone across an `.await` of a future that may move between threads.
use memzone::Zone;

fn spawn(_task: impl Future<Output = ()> + Send) {}

fn main() {
    let zone = &Zone::new(1024);
    spawn(async move {
        let gain = zone.alloc(0.5_f32);
        std::future::ready(()).await;
        *gain += 0.1;
    });
}
