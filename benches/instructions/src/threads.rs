//! Two threads, each with a zone of its own: how many times one thread's allocations they do.

use crate::extempore;
use crate::sink;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// The allocations of a turn, after which the arena is rewound.
const VALUES: usize = 250;

/// What one thread's run takes, so that to wake a thread is a small part of it, and the same part for each job.
const RUN: Duration = Duration::from_millis(25);

/// Does so many turns between two waits at the barrier.
type Job = fn(&Barrier, usize);

/// Runs `job` on as many threads at once, and returns allocations a nanosecond of all together.
fn rate(threads: usize, job: Job, turns: usize) -> f64 {
    let barrier = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| job(&barrier, turns));
        }
        // They have made their zones.
        barrier.wait();
        let start = Instant::now();
        barrier.wait();
        let time = start.elapsed();
        (threads * turns * VALUES) as f64 / time.as_nanos() as f64
    })
}

/// The turns that take one thread about as long as `RUN`. Where this thread is woken late, the other one has done a part of
/// them before the time is taken. So the slowest of several tries counts.
fn turns(job: Job) -> usize {
    const FEW: usize = 2_000;
    let rate = (0..9).map(|_| rate(1, job, FEW)).fold(f64::INFINITY, f64::min);
    let turns = RUN.as_nanos() as f64 * rate / VALUES as f64;
    (turns as usize).max(FEW)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How a candidate scales from one thread to two.
pub struct Scaling {
    pub name: &'static str,
    /// How many times one thread's rate two threads reach.
    pub times: f64,
    /// The same as a part of what the spin loop reaches in the same round, which is what the machine gives.
    pub of_spin: f64,
}

/// All candidates, the spin loop first. Each figure is the median of the rounds.
pub fn scaling(repeats: usize) -> Vec<Scaling> {
    let jobs: [(&str, Job); 7] = [
        ("a spin loop, which is what the machine gives", spin),
        ("memzone", memzone),
        ("bumpalo", bumpalo),
        ("bump-scope", bump_scope),
        ("stumpalo", stumpalo),
        ("bumpalo in a global mutex", locked),
        ("model of Extempore", model),
    ];
    let turns = jobs.map(|(_, job)| turns(job));
    let mut times = vec![Vec::new(); jobs.len()];
    let mut of_spin = times.clone();
    for _ in 0..repeats {
        let round: Vec<f64> = jobs
            .iter()
            .zip(turns)
            .map(|((_, job), turns)| {
                let one = rate(1, *job, turns);
                rate(2, *job, turns) / one
            })
            .collect();
        for (index, &ratio) in round.iter().enumerate() {
            times[index].push(ratio);
            of_spin[index].push(ratio / round[0]);
        }
    }
    let figures = times.into_iter().zip(of_spin);
    jobs.iter()
        .zip(figures)
        .map(|((name, _), (times, of_spin))| Scaling {
            name,
            times: median(times),
            of_spin: median(of_spin),
        })
        .collect()
}

/// Touches no memory but its own stack's, so two threads share nothing but the machine.
fn spin(barrier: &Barrier, turns: usize) {
    barrier.wait();
    for _ in 0..turns {
        for value in 0..VALUES {
            sink(&value);
        }
    }
    barrier.wait();
}

fn memzone(barrier: &Barrier, turns: usize) {
    let mut zone = memzone::Zone::new(64 << 10);
    barrier.wait();
    for _ in 0..turns {
        for value in 0..VALUES {
            sink(zone.alloc([value; 4]));
        }
        zone.reset().expect("not in use");
    }
    barrier.wait();
}

fn bumpalo(barrier: &Barrier, turns: usize) {
    let mut bump = bumpalo::Bump::with_capacity(64 << 10);
    barrier.wait();
    for _ in 0..turns {
        for value in 0..VALUES {
            sink(bump.alloc([value; 4]));
        }
        bump.reset();
    }
    barrier.wait();
}

fn bump_scope(barrier: &Barrier, turns: usize) {
    let mut bump: bump_scope::Bump = bump_scope::Bump::with_size(64 << 10);
    barrier.wait();
    for _ in 0..turns {
        for value in 0..VALUES {
            sink(&raw const *bump.alloc([value; 4]));
        }
        bump.reset();
    }
    barrier.wait();
}

fn stumpalo(barrier: &Barrier, turns: usize) {
    let mut arena = stumpalo::Arena::with_capacity(64 << 10);
    barrier.wait();
    for _ in 0..turns {
        for value in 0..VALUES {
            sink(arena.alloc([value; 4]));
        }
        arena.clear();
    }
    barrier.wait();
}

static SHARED: parking_lot::Mutex<Option<bumpalo::Bump>> = parking_lot::Mutex::new(None);

fn locked(barrier: &Barrier, turns: usize) {
    SHARED.lock().get_or_insert_with(|| bumpalo::Bump::with_capacity(1 << 20));
    barrier.wait();
    for _ in 0..turns {
        for value in 0..VALUES {
            let shared = SHARED.lock();
            sink(shared.as_ref().expect("made before").alloc([value; 4]));
        }
        SHARED.lock().as_mut().expect("made before").reset();
    }
    barrier.wait();
}

fn model(barrier: &Barrier, turns: usize) {
    let zone = extempore::create(64 << 10);
    barrier.wait();
    for _ in 0..turns {
        for _ in 0..VALUES {
            // SAFETY: made above.
            sink(unsafe { extempore::malloc(zone, 32) });
        }
        // SAFETY: as above.
        unsafe { extempore::reset(zone) };
    }
    barrier.wait();
    // SAFETY: as above, and not used again.
    unsafe { extempore::destroy(zone) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_is_measured_beside_the_spin_loop() {
        let rows = scaling(1);
        assert_eq!(rows.len(), 7);
        assert!((rows[0].of_spin - 1.0).abs() < 1e-9, "the spin loop is all of itself");
        for row in &rows {
            assert!(row.times > 0.0 && (row.times / rows[0].times - row.of_spin).abs() < 1e-9);
        }
        // A turn of each takes another time, but a run of each takes about the same.
        assert!(turns(spin) >= 2_000 && turns(memzone) >= 2_000);
    }
}
