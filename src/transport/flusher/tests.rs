use super::*;
use tokio::task::JoinHandle;

/// Notes its number when it is flushed.
struct Noted {
    number: usize,
    flushed: Arc<Mutex<Vec<usize>>>,
}

impl Flush for Noted {
    fn flush(self: Arc<Self>) {
        self.flushed.lock().unwrap().push(self.number);
    }

    fn wake(&self) {
        self.flushed.lock().unwrap().push(self.number + WOKEN);
    }
}

/// Added to the number of who is to write itself.
const WOKEN: usize = 1_000_000;

fn begin(flushers: &Flushers) -> (Arc<Flusher>, JoinHandle<()>) {
    let task = Mutex::new(None);
    let flusher = flushers.next(|run| *task.lock().unwrap() = Some(tokio::spawn(run)));
    (flusher, task.into_inner().unwrap().unwrap())
}

fn list(flusher: &Flusher, numbers: std::ops::Range<usize>, flushed: &Arc<Mutex<Vec<usize>>>) {
    for number in numbers {
        flusher.list(Arc::new(Noted { number, flushed: Arc::clone(flushed) }));
    }
}

#[tokio::test]
async fn what_is_listed_is_flushed_in_turn_and_others_get_theirs() {
    let flushers = Flushers::default();
    let (flusher, _) = begin(&flushers);
    let flushed = Arc::default();
    list(&flusher, 0..100, &flushed);
    let mut seen = Vec::new();
    while seen.last() != Some(&110) {
        yield_now().await;
        let count = flushed.lock().unwrap().len();
        assert!(count <= seen.last().copied().unwrap_or(0) + ROUND, "{count} at once, after {seen:?}");
        seen.push(count);
        if count == ROUND {
            list(&flusher, 100..110, &flushed);
        }
    }
    assert_eq!(*flushed.lock().unwrap(), (0..110).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_flusher_that_rests_is_woken_by_what_is_listed() {
    let flushers = Flushers::default();
    let (flusher, _) = begin(&flushers);
    let flushed = Arc::default();
    for number in 0..3 {
        for _ in 0..10 {
            yield_now().await;
        }
        list(&flusher, number..number + 1, &flushed);
    }
    while flushed.lock().unwrap().len() < 3 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_flusher_ends_when_nobody_can_give_it_work() {
    let flushers = Flushers::default();
    let (flusher, task) = begin(&flushers);
    yield_now().await;
    drop(flushers);
    yield_now().await;
    assert!(!task.is_finished(), "a socket may still have something to write");
    drop(flusher);
    task.await.unwrap();
}

#[tokio::test]
async fn where_there_is_no_flusher_any_more_sockets_write_by_themselves() {
    let flushers = Flushers::default();
    let (flusher, task) = begin(&flushers);
    let flushed = Arc::default();
    list(&flusher, 0..ROUND + 2, &flushed);
    while flushed.lock().unwrap().len() < ROUND {
        yield_now().await;
    }
    // Two it has taken, and two are on its list.
    list(&flusher, ROUND + 2..ROUND + 4, &flushed);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    list(&flusher, ROUND + 4..ROUND + 5, &flushed);
    let mut woken = flushed.lock().unwrap().split_off(ROUND);
    woken.sort_unstable();
    assert_eq!(woken, (WOKEN + ROUND..WOKEN + ROUND + 5).collect::<Vec<_>>());
    let nowhere = Flushers::default().next(drop);
    list(&nowhere, 0..1, &flushed);
    assert_eq!(flushed.lock().unwrap()[ROUND..], [WOKEN]);
}

#[test]
fn sockets_are_divided_among_the_workers() {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let flushers = Flushers::default();
        let [one, other, third] = [(); 3].map(|()| flushers.next(|run| drop(tokio::spawn(run))));
        assert!(!Arc::ptr_eq(&one, &other));
        assert!(Arc::ptr_eq(&one, &third));
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_that_several_threads_list_is_lost() {
    const EACH: usize = 20_000;
    let flushers = Flushers::default();
    let flusher = flushers.next(|run| drop(tokio::spawn(run)));
    let flushed = Arc::default();
    let lists = (0..4).map(|thread| {
        let (flusher, flushed) = (Arc::clone(&flusher), Arc::clone(&flushed));
        tokio::task::spawn_blocking(move || list(&flusher, thread * EACH..(thread + 1) * EACH, &flushed))
    });
    for listing in lists.collect::<Vec<_>>() {
        listing.await.unwrap();
    }
    while flushed.lock().unwrap().len() < 4 * EACH {
        yield_now().await;
    }
    let flushed = flushed.lock().unwrap().clone();
    for thread in 0..4 {
        let own = flushed.iter().filter(|number| **number / EACH == thread);
        assert!(own.copied().eq(thread * EACH..(thread + 1) * EACH), "in order");
    }
}
