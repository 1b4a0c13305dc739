//! Threads that match patterns and evaluate expressions, so that the router's thread need not.
//!
//! Jobs wait by namespace, and namespaces take turns. A thread that panics answers that the Alert is skipped.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use campanile_cel::Steps;
use campanile_domain::{Event, Turns, combine};

use crate::actor::Suspects;
use crate::plan::{MatchAnswer, MatchQuestion, judge};

/// How many threads there are: what is dear in one namespace does not hold up a cheap first match in another.
const THREADS: usize = 2;

/// How long a job may wait for its turn; then its Alerts are skipped. Senders wait for 3 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// As `nice` has it: a tenth of a core is left to them where others want all of it, so that they still answer in time.
#[cfg(target_os = "linux")]
const LOW_PRIORITY: i32 = 10;

/// Takes the answers, each with what it took in nanoseconds.
type Done = Box<dyn FnOnce(Vec<(MatchQuestion, MatchAnswer, u64)>) + Send>;

/// The questions about one event.
pub(super) struct Job {
    pub(super) event: Arc<Event>,
    pub(super) questions: Vec<MatchQuestion>,
    pub(super) suspects: Suspects,
    pub(super) submitted: Instant,
    pub(super) done: Done,
}

/// The threads. They end when it is dropped; what they have in hand, they finish.
pub(super) struct Pool(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    /// The jobs, of which namespaces take turns.
    jobs: Turns<str, Job>,
    is_closed: bool,
}

impl Pool {
    /// Starts the threads; none if there are none to be had.
    pub(super) fn start() -> Option<Self> {
        let shared = Arc::<Shared>::default();
        let started = (0..THREADS).filter(|_| {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name("matching".to_owned());
            thread.spawn(move || shared.work()).is_ok()
        });
        if started.count() > 0 {
            return Some(Self(shared));
        }
        tracing::error!(
            "failed to start a thread for patterns: raise the limit of threads; Alerts with dear patterns are skipped"
        );
        None
    }

    /// Puts a job in the queue of a namespace, which the caller keeps within bounds.
    pub(super) fn submit(&self, namespace: &str, job: Job) {
        self.0.queue().jobs.push(namespace, job);
        self.0.changed.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.0.queue().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        yield_to_others();
        while let Some(job) = self.next() {
            job.run();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if queue.is_closed {
                return None;
            }
            if let Some(job) = queue.jobs.pop() {
                return Some(job);
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Job {
    fn run(self) {
        let Self { event, questions, suspects, submitted, done } = self;
        let is_late = submitted.elapsed() > PATIENCE;
        let answered = |question: MatchQuestion| {
            if is_late {
                return (question, MatchAnswer::Skipped, 0);
            }
            let begin = Instant::now();
            let answer = catch_unwind(AssertUnwindSafe(|| answer(&question, &event))).unwrap_or_else(|_| {
                suspects.panicked(&event);
                MatchAnswer::Skipped
            });
            (question, answer, u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX))
        };
        done(questions.into_iter().map(answered).collect());
    }
}

/// Gives this thread a low priority, so that the threads on which events go their way hardly wait for it. With a priority as
/// theirs it runs for milliseconds while they wait.
#[cfg(target_os = "linux")]
fn yield_to_others() {
    // Linux knows the priority of a thread (setpriority(2), "C library/kernel differences").
    if let Err(error) = rustix::process::setpriority_process(None, LOW_PRIORITY) {
        tracing::debug!(%error, "failed to lower the priority of a thread for patterns");
    }
}

/// Elsewhere the priority is that of the whole process.
#[cfg(not(target_os = "linux"))]
fn yield_to_others() {}

fn answer(question: &MatchQuestion, event: &Event) -> MatchAnswer {
    let MatchQuestion { alert, provider } = question;
    match provider {
        None => MatchAnswer::Patterns(judge(alert, &event.message)),
        Some(provider) => {
            let combined = combine(event, &alert.alert);
            let name = provider.status_name(event, &combined.metadata, alert, Steps::ALL);
            name.map_or(MatchAnswer::Skipped, MatchAnswer::Name)
        }
    }
}
