//! 200 frames without a window, and what Bevy's diagnostics say of them.
#![forbid(unsafe_code)]

use bevy_app::{App, TaskPoolOptions, TaskPoolPlugin, Update};
use bevy_diagnostic::{DiagnosticPath, DiagnosticsPlugin, DiagnosticsStore};
use bevy_ecs::prelude::*;
use memzone_bevy::flock::{BIRDS, FlockPlugin, Neighbours, Report, Sight, ToLeader};
use memzone_bevy::scratch::{HELD, Scratch, ScratchPlugin, USED, ZONES};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

fn app() -> App {
    let mut app = App::new();
    // More than the machine may have, so that systems meet.
    let options = TaskPoolOptions::with_num_threads(6);
    let pools = TaskPoolPlugin { task_pool_options: options };
    app.add_plugins((pools, DiagnosticsPlugin, ScratchPlugin { patience: 20 }));
    app
}

fn value(app: &App, path: &DiagnosticPath) -> usize {
    let store = app.world().resource::<DiagnosticsStore>();
    store.get(path).and_then(|diagnostic| diagnostic.value()).expect("each frame measures") as usize
}

/// What the lists of near cells of all birds take, and the cells: such long slices begin at a multiple of 32.
fn of_the_lists(sight: usize) -> usize {
    let list = (size_of::<usize>() * (2 * sight + 1).pow(2)).next_multiple_of(32);
    BIRDS * list + 64 * 64 * size_of::<u32>()
}

#[test]
fn diagnostics_show_what_frames_use_and_that_a_spike_is_given_back() {
    let mut app = app();
    app.add_plugins(FlockPlugin);
    // Each thread's zone may hold twice what the largest system needs: far less than this.
    let spike = of_the_lists(12);
    for frame in 0..200 {
        let sight = if (100..103).contains(&frame) { 12 } else { 1 };
        app.insert_resource(Sight(sight));
        app.update();
        let (used, held, zones) = (value(&app, &USED), value(&app, &HELD), value(&app, &ZONES));
        // Cleared each time: the lists, and a text that may have been in their place before them.
        let lists = of_the_lists(sight);
        let letters = app.world().resource::<Report>().letters;
        assert!(letters > 64 * 10 && zones >= 1);
        assert!((lists..lists + 65_536).contains(&used), "frame {frame}: {used}, {lists}");
        assert!(held >= used, "frame {frame}: {held}, {used}");
        match frame {
            100..103 => assert!(held >= spike, "frame {frame}: {held}, {spike}"),
            ..100 | 150.. => assert!(held < spike / 2, "frame {frame}: {held}, {spike}"),
            _ => {}
        }
    }
    let mut birds = app.world_mut().query::<(&Neighbours, &ToLeader)>();
    let counted = birds.iter(app.world()).filter(|(neighbours, _)| neighbours.0 > 0).count();
    let far = birds.iter(app.world()).filter(|(_, to_leader)| to_leader.0 > 0.0).count();
    // Nine cells with a bird each, on average; the leaders are at no distance from themselves.
    assert!(counted > BIRDS * 9 / 10 && (BIRDS - 16..BIRDS).contains(&far), "{counted}, {far}");
}

/// Where two systems meet, and on which threads.
#[derive(Resource, Default)]
struct Meeting {
    inside: AtomicUsize,
    threads: Mutex<Vec<ThreadId>>,
}

/// Waits within its scratch memory for the other one.
fn meet(scratch: Res<Scratch>, meeting: Res<Meeting>) {
    let sum = scratch.with(|zone| {
        let mine = zone.alloc_slice(1000, 1_u64);
        meeting.threads.lock().unwrap().push(thread::current().id());
        meeting.inside.fetch_add(1, SeqCst);
        let start = Instant::now();
        while meeting.inside.load(SeqCst) < 2 {
            assert!(start.elapsed() < Duration::from_secs(60), "the other one does not come");
            thread::yield_now();
        }
        mine.iter().sum::<u64>()
    });
    assert_eq!(sum, 1000);
}

#[test]
fn systems_in_parallel_have_zones_of_their_own() {
    let mut app = app();
    app.init_resource::<Meeting>().add_systems(Update, (meet, meet));
    app.update();
    let threads = app.world().resource::<Meeting>().threads.lock().unwrap().clone();
    assert!(threads.len() == 2 && threads[0] != threads[1]);
    assert_eq!((value(&app, &ZONES), value(&app, &USED)), (2, 2 * 8000));
}

#[test]
fn within_scratch_memory_there_is_more() {
    let mut app = app();
    app.add_systems(Update, |scratch: Res<Scratch>| {
        scratch.with(|outer| {
            let kept = outer.alloc(1_u32);
            scratch.with(|inner| *inner.alloc(2_u32)) + *kept
        });
    });
    app.update();
    assert_eq!((value(&app, &ZONES), value(&app, &USED)), (2, 2 * 8));
    app.update();
    // Two more where another thread ran it.
    assert_eq!(value(&app, &USED), 2 * 8);
    assert!([2, 4].contains(&value(&app, &ZONES)));
}
