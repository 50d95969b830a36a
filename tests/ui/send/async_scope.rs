// Awaits inside a scope in a future that may move between threads: a scope belongs to one.
use memzone::beginz;

fn spawn(_task: impl Future<Output = ()> + Send + 'static) {}

fn main() {
    spawn(async {
        beginz!({
            std::future::ready(()).await;
        })
    });
}
