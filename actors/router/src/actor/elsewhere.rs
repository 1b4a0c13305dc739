//! Planning that waits for what is found out elsewhere: patterns that are dear or not compiled yet, expressions that take long.
//!
//! An event is planned at once for all Alerts but those that need the [`pool`]; these are planned when their answers are there. Its
//! sender does not wait for that: the event is [`kept`] until all of it is stored. What goes to one Provider about one object stays
//! in order: later events wait behind earlier ones ([`behind`](Elsewhere::behind)), for each namespace of Alerts by itself. An Alert
//! that has no budget left, or whose turn does not come in time, is dropped for that event, which its owner is told.

mod budget;
mod kept;
mod pool;
mod ticket;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, Message, fut::wrap_future};
use campanile_domain::{Event, ObjectKey, ObjectRef};
use campanile_outbox::{Append, EventId, Planned, Unplanned};
use campanile_protocol::Submit;
use jiff::Timestamp;
use tracing::Span;

use super::{RouterActor, event_log, plan_span};
use crate::Plan;
use crate::plan::{Answers, DropReason, Dropped, Incoming, MatchAnswer, MatchQuestion, Matching, plan_with};
use budget::MatchBudget;
use kept::KeptEvent;
use pool::{Job, Pool};
use ticket::SenderReply;

/// Events that may wait in all, each namespace's own aside; the Alerts of further ones are skipped.
const MOST: usize = 4096;
/// Events that may wait for the Alerts of one namespace.
const MOST_OF_ONE: usize = 512;
/// Events that may wait for the Alerts of a namespace even when those of others are all that may wait.
const SHARE: usize = 32;
/// How often one event is asked about, since Alerts may change meanwhile.
const ROUNDS: u8 = 3;

/// The events that wait for the pool.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    /// Started when it is needed first.
    pool: Option<Pool>,
    /// By object of the event, then by namespace of the Alerts.
    lanes: HashMap<String, Vec<Lane>>,
    count: usize,
    /// The stored events among those that wait.
    stored: HashSet<EventId>,
    /// The submitted events among those that wait.
    kept: HashMap<u64, Arc<KeptEvent>>,
    budget: MatchBudget,
    last: u64,
    /// Events that had to wait.
    pub(super) events: u64,
}

/// Events about one object that wait for Alerts of one namespace; the first is being asked about.
#[derive(Debug)]
struct Lane {
    /// None for events that were stored before, which wait for all their Alerts.
    namespace: Option<Arc<str>>,
    waiting: VecDeque<Waiting>,
}

/// One event and the Alerts it waits for.
#[derive(Debug)]
struct Waiting {
    id: u64,
    event: Arc<Event>,
    accepted_at: Timestamp,
    origin: Origin,
    span: Span,
    /// The Alerts that are planned; none means all.
    alerts: Option<HashSet<ObjectKey>>,
    providers: HashSet<ObjectKey>,
    answers: Answers,
    rounds: u8,
}

/// The origin of an event, which says what is stored of it.
#[derive(Debug)]
enum Origin {
    Submitted(Arc<KeptEvent>),
    Stored(EventId),
}

/// The answers that the pool found.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Answered {
    object: String,
    id: u64,
    /// With what each took, in nanoseconds.
    answers: Vec<(MatchQuestion, MatchAnswer, u64)>,
}

impl Lane {
    /// Whether its events are about objects of the same namespace as this one.
    fn is_of(&self, object: &ObjectRef) -> bool {
        self.waiting.front().is_some_and(|first| first.event.involved_object.namespace == object.namespace)
    }
}

impl Elsewhere {
    /// Providers for which something about the object waits already.
    pub(super) fn behind(&self, object: &ObjectRef) -> HashSet<ObjectKey> {
        if self.lanes.is_empty() {
            return HashSet::new();
        }
        let lanes = self.lanes.get(&object.path()).into_iter().flatten();
        lanes.flat_map(|lane| &lane.waiting).flat_map(|waiting| waiting.providers.iter().cloned()).collect()
    }

    /// Whether a stored event waits here.
    pub(super) fn holds(&self, stored: EventId) -> bool {
        self.stored.contains(&stored) || self.kept.values().any(|kept| kept.is(stored))
    }

    /// The number of events that wait.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether no more may wait for the Alerts of a namespace; none for an event that was stored before, which counts for the
    /// namespace of its object.
    fn is_full(&self, namespace: Option<&str>, event: &Event) -> bool {
        let of_one = |lane: &&Lane| {
            lane.namespace.as_deref() == namespace
                && (namespace.is_some() || lane.is_of(&event.involved_object))
        };
        let lanes = self.lanes.values().flatten().filter(of_one);
        let waiting: usize = lanes.map(|lane| lane.waiting.len()).sum();
        waiting >= if self.count < MOST { MOST_OF_ONE } else { SHARE }
    }

    fn lane(&mut self, object: &str, id: u64) -> Option<&mut Lane> {
        let lanes = self.lanes.get_mut(object)?;
        lanes.iter_mut().find(|lane| lane.waiting.front().is_some_and(|first| first.id == id))
    }

    /// Takes the first of a lane off, and the lane if it is empty. Says which event is the first one now.
    fn pop(&mut self, object: &str, id: u64) -> (Option<Waiting>, Option<u64>) {
        let Some(lane) = self.lane(object, id) else { return (None, None) };
        let first = lane.waiting.pop_front();
        let next = lane.waiting.front().map(|next| next.id);
        self.count -= usize::from(first.is_some());
        if let Some(lanes) = self.lanes.get_mut(object) {
            lanes.retain(|lane| !lane.waiting.is_empty());
            if lanes.is_empty() {
                self.lanes.remove(object);
            }
        }
        (first, next)
    }
}

impl RouterActor {
    /// Stores what could be planned at once of a submitted event, and sees to the rest.
    pub(super) fn route_later(&mut self, submit: Submit, plan: Plan, span: &Span, ctx: &mut Context<Self>) {
        let Submit { event, accepted_at, reply, .. } = submit;
        let mut of_namespaces: Vec<(Arc<str>, Vec<MatchQuestion>)> = Vec::new();
        for question in plan.elsewhere {
            let namespace = &question.alert.alert.key.namespace;
            match of_namespaces.iter_mut().find(|(known, _)| known == namespace) {
                Some((_, questions)) => questions.push(question),
                None => of_namespaces.push((namespace.clone(), vec![question])),
            }
        }
        let now = usize::from(!plan.deliveries.is_empty());
        let ticket = Arc::new(SenderReply::new(reply, 1 + now));
        if now > 0 {
            let passage = self.under_way.enter(plan.deliveries.len());
            let entry = Append::new(event.clone(), accepted_at, Planned::Deliveries(plan.deliveries), span);
            let ticket = ticket.clone();
            let stored = move |result| {
                drop(passage);
                ticket.done(result);
            };
            self.parts.outbox.append(entry, Box::new(stored));
        }
        self.elsewhere.events += 1;
        let kept = self.keep(of_namespaces.len(), ctx);
        let entry = Append::new(event.clone(), accepted_at, kept.planned(), span);
        let (whole, passage) = (kept.clone(), self.under_way.enter(0));
        let stored = Box::new(move |result| {
            drop(passage);
            whole.done(&result);
            ticket.done(result);
        });
        self.parts.outbox.append(entry, stored);
        for (namespace, questions) in of_namespaces {
            let waiting = Waiting {
                id: 0,
                event: event.clone(),
                accepted_at,
                origin: Origin::Submitted(kept.clone()),
                span: span.clone(),
                alerts: Some(questions.iter().map(|question| question.alert.alert.key.clone()).collect()),
                providers: questions.iter().map(|question| question.alert.alert.provider.clone()).collect(),
                answers: Answers::default(),
                rounds: 0,
            };
            self.wait(Some(namespace), waiting, ctx);
        }
    }

    /// Lets a stored event wait until all its Alerts can be planned.
    pub(super) fn plan_stored_later(&mut self, stored: &Unplanned, plan: &Plan, ctx: &mut Context<Self>) {
        let deliveries = plan.deliveries.iter().map(|delivery| &delivery.provider);
        let questions = plan.elsewhere.iter().map(|question| &question.alert.alert.provider);
        let waiting = Waiting {
            id: 0,
            event: stored.event.clone(),
            accepted_at: stored.accepted_at,
            origin: Origin::Stored(stored.id),
            span: plan_span(&Span::none(), &stored.event, Some(stored.id)),
            alerts: None,
            providers: deliveries.chain(questions).cloned().collect(),
            answers: Answers::default(),
            rounds: 0,
        };
        self.elsewhere.events += 1;
        self.elsewhere.stored.insert(stored.id);
        self.wait(None, waiting, ctx);
    }

    fn wait(&mut self, namespace: Option<Arc<str>>, mut waiting: Waiting, ctx: &mut Context<Self>) {
        let elsewhere = &mut self.elsewhere;
        elsewhere.last += 1;
        waiting.id = elsewhere.last;
        if elsewhere.is_full(namespace.as_deref(), &waiting.event) {
            // Nothing is asked any more, so that what is not cheap is dropped.
            waiting.rounds = ROUNDS;
        }
        let (id, object) = (waiting.id, waiting.event.involved_object.path());
        elsewhere.count += 1;
        let lanes = elsewhere.lanes.entry(object.clone()).or_default();
        // What was stored before is older than what is submitted, and waits for Alerts of all namespaces.
        let is_of = |lane: &&mut Lane| lane.namespace.is_none() || lane.namespace == namespace;
        let is_first = match lanes.iter_mut().find(is_of) {
            Some(lane) => {
                lane.waiting.push_back(waiting);
                false
            }
            None => {
                lanes.push(Lane { namespace, waiting: VecDeque::from([waiting]) });
                true
            }
        };
        if is_first {
            self.advance(&object, id, ctx);
        }
    }

    /// Plans the first event of a lane, or asks what it takes; then the next, until one waits for answers.
    fn advance(&mut self, object: &str, id: u64, ctx: &mut Context<Self>) {
        let mut first = Some(id);
        while let Some(id) = first {
            let Some(mut plan) = self.plan_first(object, id) else { return };
            if !plan.elsewhere.is_empty() {
                if self.ask(object, id, plan.elsewhere, ctx) {
                    return;
                }
                // Nothing could be asked: the answers say so, and the plan is made of them.
                plan = match self.plan_first(object, id) {
                    Some(plan) => skipping(plan),
                    None => return,
                };
            }
            let (waiting, next) = self.elsewhere.pop(object, id);
            if let Some(waiting) = waiting {
                self.conclude(waiting, plan, ctx);
            }
            first = next;
        }
    }

    fn plan_first(&mut self, object: &str, id: u64) -> Option<Plan> {
        let Self { elsewhere, index, parts, .. } = self;
        let waiting = elsewhere.lane(object, id)?.waiting.front()?;
        let _watch = parts.suspects.watch(&waiting.event);
        let incoming = Incoming { event: &waiting.event, accepted_at: waiting.accepted_at };
        let none = HashSet::new();
        let matching = Matching::shared(&waiting.answers, &none).only(waiting.alerts.as_ref());
        Some(plan_with(incoming, index, &*parts.labels, &parts.config.rules, &matching))
    }

    /// Has the pool find out what the budget has room for; the rest is skipped. Says whether anything is being found out.
    fn ask(&mut self, object: &str, id: u64, questions: Vec<MatchQuestion>, ctx: &mut Context<Self>) -> bool {
        let now = self.parts.clock.now();
        let router = ctx.address();
        let Self { elsewhere, parts, .. } = self;
        let Elsewhere { lanes, budget, pool, .. } = elsewhere;
        let lane = lanes.get_mut(object).into_iter().flatten();
        let first = lane.filter_map(|lane| lane.waiting.front_mut()).find(|first| first.id == id);
        let Some(first) = first.filter(|first| first.rounds < ROUNDS) else { return false };
        first.rounds += 1;
        let bytes = first.event.message.len();
        let is_affordable =
            |question: &MatchQuestion| budget.take(&question.alert.alert.key, question.cost(bytes), now);
        let (asked, skipped): (Vec<_>, Vec<_>) = questions.into_iter().partition(is_affordable);
        skipped.into_iter().for_each(|question| first.answers.add(question, MatchAnswer::Skipped));
        let Some(first_asked) = asked.first() else { return false };
        let namespace = first_asked.alert.alert.key.namespace.clone();
        if pool.is_none() {
            *pool = Pool::start();
        }
        let Some(pool) = pool else { return false };
        let (event, suspects, back) = (first.event.clone(), parts.suspects.clone(), object.to_owned());
        let done = Box::new(move |answers| router.do_send(Answered { object: back, id, answers }));
        pool.submit(&namespace, Job { event, questions: asked, suspects, submitted: Instant::now(), done });
        true
    }

    /// Stores what became of an event and tells whom it concerns.
    fn conclude(&mut self, waiting: Waiting, plan: Plan, ctx: &mut Context<Self>) {
        let Waiting { event, accepted_at, origin, span, .. } = waiting;
        self.note(&event, &plan, ctx);
        match origin {
            Origin::Submitted(kept) if plan.deliveries.is_empty() => kept.done(&Ok(())),
            Origin::Submitted(kept) => {
                let entry = Append::new(event, accepted_at, Planned::Deliveries(plan.deliveries), &span);
                self.parts.outbox.append(entry, Box::new(move |result| kept.done(&result)));
            }
            Origin::Stored(id) => {
                let planned = wrap_future(self.parts.outbox.plan(id, plan.deliveries));
                ctx.spawn(planned.map(move |planned, router: &mut Self, _| {
                    // A pass finds it again if it could not be stored.
                    router.elsewhere.stored.remove(&id);
                    router.backlog.unblock(id);
                    if let Err(error) = planned {
                        tracing::error!(%error, "failed to plan a stored event, will try again");
                    }
                }));
            }
        }
    }

    /// Counts, logs and announces what was planned later of an event.
    fn note(&mut self, event: &Event, plan: &Plan, ctx: &mut Context<Self>) {
        self.counters.record_more(plan);
        if plan.is_selected() || !plan.notices.is_empty() {
            event_log::log(event, plan);
        } else {
            event_log::log_stops(event, &plan.stops);
        }
        self.announce(event, plan, ctx);
    }
}

/// A plan that waits for nothing: whose answers did not come is dropped.
fn skipping(mut plan: Plan) -> Plan {
    let dropped = |question: MatchQuestion| Dropped {
        alert: question.alert.alert.clone(),
        reason: DropReason::OverBudget,
    };
    plan.drops.extend(std::mem::take(&mut plan.elsewhere).into_iter().map(dropped));
    plan
}

impl Handler<Answered> for RouterActor {
    type Result = ();

    fn handle(&mut self, Answered { object, id, answers }: Answered, ctx: &mut Self::Context) {
        let now = self.parts.clock.now();
        let Some(first) = self.elsewhere.lane(&object, id).and_then(|lane| lane.waiting.front_mut()) else {
            return;
        };
        let mut refunds = Vec::new();
        let bytes = first.event.message.len();
        for (question, answer, took) in answers {
            refunds.push((question.alert.alert.key.clone(), question.cost(bytes).saturating_sub(took)));
            first.answers.add(question, answer);
        }
        for (alert, refund) in refunds {
            self.elsewhere.budget.give_back(&alert, refund, now);
        }
        self.advance(&object, id, ctx);
    }
}
