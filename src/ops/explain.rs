//! `POST /v1/explain`: what becomes of an event, by the objects that are in force.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Payload, Query, block};
use actix_web::{HttpRequest, HttpResponse};
use campanile_domain::{Environment, Event, IdTexts, ObjectKey};
use campanile_outbox::{Browse, BrowseFilter, DeliveryView};
use campanile_protocol::{GetSpecs, ReadSecrets, Secrets, Specs};
use campanile_router::RoutingPolicy;
use campanile_transport::Transport;
use serde::Deserialize;

use super::error::ApiError;
use super::key::object_key;
use super::pick::{STORED, pick};
use super::{View, body};
use crate::explain::{ExplainError, ExplainInput, JudgedEvent};

/// Path of the endpoint that explains an event.
pub const EXPLAIN: &str = "/v1/explain";

/// The explainer of events: all that decides beside the objects, which the watcher is asked for.
pub(crate) struct Explainer {
    pub(crate) rules: RoutingPolicy,
    pub(crate) transport: Transport,
    pub(crate) environment: Arc<Environment>,
}

impl Explainer {
    pub(crate) fn new(rules: RoutingPolicy, transport: &Transport, environment: &Arc<Environment>) -> Self {
        Self { rules, transport: transport.clone(), environment: environment.clone() }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExplainQuery {
    /// The Alert to explain, as `namespace/name`.
    alert: Option<String>,
    /// Id of a stored delivery, or a beginning of it that is unique, whose event is meant. The body does not count then.
    delivery: Option<String>,
}

/// The event that is asked about.
enum About {
    Posted(Bytes),
    Stored(Box<DeliveryView>, Arc<Event>),
}

impl About {
    /// The event of a delivery.
    async fn delivery(text: &str, outbox: &dyn Browse) -> Result<Self, ApiError> {
        let mut stored = Vec::new();
        for dead in [false, true] {
            let ids = Some(IdTexts::new([text]));
            let named = outbox.events(BrowseFilter { dead, ids, ..BrowseFilter::default() }).await;
            stored.extend(named.map_err(ApiError::unavailable)?);
        }
        let views = stored.iter().map(|(view, _)| view.clone()).collect();
        let (found, refused) = pick(&[text.to_owned()], views, &STORED);
        let Some(view) = found.into_iter().next() else {
            let why = refused.into_iter().map(|refusal| refusal.why).collect::<String>();
            return Err(ApiError::new(StatusCode::NOT_FOUND, format!("find delivery '{text}': {why}")));
        };
        let event = stored.into_iter().find(|(stored, _)| stored.id == view.id).and_then(|(_, event)| event);
        let damaged = || ApiError::unavailable(format!("read delivery '{text}': its record is damaged"));
        Ok(Self::Stored(Box::new(view), event.ok_or_else(damaged)?))
    }

    /// The question about it, by the objects in `specs`. What a delivery was made of is asked of its Alert alone, unless
    /// that is gone.
    fn question(
        self,
        specs: Specs,
        alert: Option<&ObjectKey>,
        circumstances: ExplainInput,
    ) -> Result<JudgedEvent, ExplainError> {
        match self {
            Self::Posted(body) => JudgedEvent::new(&body, specs, alert, circumstances),
            Self::Stored(delivery, event) => {
                let is_there = specs.alerts.iter().any(|alert| alert.key == delivery.alert);
                let alert = alert.or(Some(&delivery.alert).filter(|_| is_there));
                let question = JudgedEvent::of_stored(&event, specs, alert, circumstances)?;
                Ok(question.about_delivery(*delivery, is_there))
            }
        }
    }
}

/// The body is the event, unless one that is stored is named.
pub(super) async fn explain(
    request: HttpRequest,
    view: Data<View>,
    query: Query<ExplainQuery>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let alert = query.alert.as_deref().map(|text| object_key("alert", text)).transpose()?;
    let body = body::read(&request, payload).await?;
    let about = match &query.delivery {
        Some(text) => About::delivery(text, &*view.outbox).await?,
        None => About::Posted(body),
    };
    let explainer = view.explainer.clone();
    let circumstances = ExplainInput {
        rules: explainer.rules,
        transport: explainer.transport.clone(),
        environment: explainer.environment.clone(),
        now: view.clock.now(),
    };
    let Ok(specs) = view.links.specs.ask(GetSpecs).await else {
        return Err(ApiError::unavailable("the watcher is being restarted, try again"));
    };
    let specs = specs.ok_or_else(|| ApiError::unavailable("the objects are not loaded yet, try again"))?;
    let judged = block(move || about.question(specs, alert.as_ref(), circumstances)).await;
    let question = judged.map_err(|_| panicked())?.map_err(|error| ApiError::new(status(&error), error))?;
    let wanted = question.secrets();
    let secrets = match wanted.is_empty() {
        true => Secrets::new(),
        false => view.links.secrets.ask(ReadSecrets(wanted)).await.unwrap_or_default(),
    };
    let explanation = block(move || question.answer(&secrets)).await.map_err(|_| panicked())?;
    Ok(HttpResponse::Ok().json(explanation))
}

fn panicked() -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "explain the event: it panicked")
}

fn status(error: &ExplainError) -> StatusCode {
    match error {
        ExplainError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        ExplainError::Decode(_) => StatusCode::BAD_REQUEST,
        ExplainError::NoAlert(_) => StatusCode::NOT_FOUND,
        ExplainError::Folder(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
