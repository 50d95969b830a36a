// Awaits inside `letz!` in a future that may move between threads.
use memzone::letz;

fn spawn(_task: impl Future<Output = f32> + Send + 'static) {}

fn main() {
    spawn(async {
        letz!(a = [0.0_f32; 64] => {
            std::future::ready(()).await;
            a[0]
        })
    });
}
