//! Requests of commands that an operator runs beside a cluster, with the rights of the caller: to look, and to take away.
//!
//! Nothing of a running instance uses them, and nothing here repeats: what is refused is told, with the remedy.

use std::time::Duration;

use kube::Client;
use serde_json::{Value as Json, json};

use super::client::{ClusterConfig, ConnectError};
use super::trouble;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Objects that one answer of a list has at most.
const PAGE: usize = 500;

/// Objects of one kind that are read at most.
const MOST: usize = 50_000;

/// A kind of objects, by the names of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResourceKind {
    /// The group; empty for the core group.
    pub group: &'static str,
    /// The version that is asked for.
    pub version: &'static str,
    /// The kind, as errors name it.
    pub kind: &'static str,
    /// The plural, as paths name it.
    pub plural: &'static str,
}

impl ResourceKind {
    fn path(&self, namespace: Option<&str>) -> String {
        let Self { group, version, plural, .. } = self;
        let root =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
            None => format!("{root}/{plural}"),
        }
    }
}

/// What an account may do, or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRight {
    /// The group; empty for the core group.
    pub group: String,
    /// The plural, with the subresource behind a slash if it is about one.
    pub resource: String,
    /// `get`, `list`, `patch` and so on.
    pub verb: String,
    /// The namespace; none means all of them.
    pub namespace: Option<String>,
}

/// The reason that a request of an operator's command got no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There are no settings to connect with.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The caller lacks the right to it.
    #[error(
        "{aim}: the API server answers {message}; run it with an account that may, or ask for that right"
    )]
    Forbidden {
        /// The request, as an imperative.
        aim: String,
        /// The API server's code and words.
        message: String,
    },
    /// Any other refusal, or silence; in words with the remedy.
    #[error("{0}")]
    Unanswered(String),
    /// There are more objects than are read.
    #[error("list {kind}: there are more than {most}; take some away, or look at one namespace", most = MOST)]
    TooMany {
        /// The kind of which there are too many.
        kind: &'static str,
    },
}

/// A connection with the rights of the caller.
#[derive(Clone)]
pub struct Operator {
    client: Client,
}

impl Operator {
    /// Connects as the kubeconfig or the pod says. Asks nothing yet.
    ///
    /// # Errors
    /// [`OperatorError::Connect`] without usable settings.
    pub async fn connect(config: &ClusterConfig) -> Result<Self, OperatorError> {
        Ok(Self { client: config.connect().await? })
    }

    /// The version of the API server, such as `v1.36.3`.
    ///
    /// # Errors
    /// If it is not told.
    pub async fn version(&self) -> Result<String, OperatorError> {
        let answer = self.ask("GET", "/version", "ask for the API server's version", &Json::Null).await?;
        let version = answer.unwrap_or_default()["gitVersion"].take();
        Ok(version.as_str().unwrap_or_default().to_owned())
    }

    /// One object; none if there is none, or no such kind.
    ///
    /// # Errors
    /// If the API server refuses or is silent.
    pub async fn get(
        &self,
        resource: &ResourceKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Json>, OperatorError> {
        let path = format!("{}/{name}", resource.path(namespace));
        self.ask("GET", &path, &format!("get {} {name}", resource.kind), &Json::Null).await
    }

    /// All objects of a kind, in one namespace or in all, whose labels fulfil a selector (empty: all of them); none if the kind
    /// is not served.
    ///
    /// # Errors
    /// If the API server refuses or is silent, or if there are more than 50,000.
    pub async fn list(
        &self,
        resource: &ResourceKind,
        namespace: Option<&str>,
        labels: &str,
    ) -> Result<Option<Vec<Json>>, OperatorError> {
        let (mut found, mut next) = (Vec::new(), String::new());
        loop {
            let query: String = url_query(&[("labelSelector", labels), ("continue", &next)]);
            let path = format!("{}?limit={PAGE}{query}", resource.path(namespace));
            let answer = self.ask("GET", &path, &format!("list {}", resource.plural), &Json::Null).await?;
            let Some(mut page) = answer else { return Ok(None) };
            if let Json::Array(items) = page["items"].take() {
                found.extend(items);
            }
            next = page["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
            if found.len() > MOST {
                return Err(OperatorError::TooMany { kind: resource.kind });
            }
            if next.is_empty() {
                return Ok(Some(found));
            }
        }
    }

    /// Deletes an object, what depends on it in the background; `false` if it was gone already.
    ///
    /// # Errors
    /// If the API server refuses or is silent.
    pub async fn delete(
        &self,
        resource: &ResourceKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<bool, OperatorError> {
        let path = format!("{}/{name}", resource.path(namespace));
        let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
        let aim = format!("delete {} {name}", resource.kind);
        Ok(self.ask("DELETE", &path, &aim, &options).await?.is_some())
    }

    /// Whether a service account may do something (`SubjectAccessReview`). The caller needs the right to ask that.
    ///
    /// # Errors
    /// If the API server refuses or is silent.
    pub async fn may(
        &self,
        (namespace, name): (&str, &str),
        access: &AccessRight,
    ) -> Result<bool, OperatorError> {
        let (resource, subresource) = access.resource.split_once('/').unwrap_or((&access.resource, ""));
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
            "spec": {
                "user": format!("system:serviceaccount:{namespace}:{name}"),
                "groups": ["system:authenticated", "system:serviceaccounts", format!("system:serviceaccounts:{namespace}")],
                "resourceAttributes": {
                    "group": access.group, "resource": resource, "subresource": subresource, "verb": access.verb,
                    "namespace": access.namespace.as_deref().unwrap_or_default(),
                },
            },
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        let answer = self.ask("POST", path, "ask what the account may do", &review).await?;
        Ok(answer.is_some_and(|answer| answer["status"]["allowed"] == true))
    }

    /// One request; none is "not found".
    async fn ask(
        &self,
        method: &str,
        path: &str,
        aim: &str,
        body: &Json,
    ) -> Result<Option<Json>, OperatorError> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = http::Request::builder().method(method).uri(path);
        let request = request.header(http::header::CONTENT_TYPE, "application/json").body(body);
        let unusable =
            |error: http::Error| OperatorError::Unanswered(format!("{aim}: {error}; correct the name"));
        let answer =
            tokio::time::timeout(PATIENCE, self.client.request::<Json>(request.map_err(unusable)?)).await;
        match answer {
            Err(_) => {
                Err(OperatorError::Unanswered(format!("{aim}: the API server does not answer; try again")))
            }
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(error)) if trouble::is_missing(&error) => Ok(None),
            Ok(Err(error)) => Err(refused(aim, &error)),
        }
    }
}

fn refused(aim: &str, error: &kube::Error) -> OperatorError {
    match error {
        kube::Error::Api(status) if trouble::is_forbidden(Some(status.code)) => OperatorError::Forbidden {
            aim: aim.to_owned(),
            message: format!("{}: {}", status.code, status.message),
        },
        other => {
            let text = trouble::describe(aim, other);
            OperatorError::Unanswered(text.strip_prefix("failed to ").unwrap_or(&text).to_owned())
        }
    }
}

/// The part of a query behind another one; what is empty is left out.
fn url_query(pairs: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(key, value);
    }
    let text = query.finish();
    if text.is_empty() { text } else { format!("&{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_api() {
        let deployments =
            ResourceKind { group: "apps", version: "v1", kind: "Deployment", plural: "deployments" };
        let secrets = ResourceKind { group: "", version: "v1", kind: "Secret", plural: "secrets" };
        assert_eq!(deployments.path(Some("apps")), "/apis/apps/v1/namespaces/apps/deployments");
        assert_eq!(secrets.path(None), "/api/v1/secrets");
    }

    #[test]
    fn a_selector_is_escaped_and_what_is_empty_left_out() {
        assert_eq!(
            url_query(&[("labelSelector", "a.b/c=d,e"), ("continue", "")]),
            "&labelSelector=a.b%2Fc%3Dd%2Ce"
        );
        assert_eq!(url_query(&[("labelSelector", "")]), "");
    }

    #[test]
    fn issue_21_a_missing_right_is_the_callers() {
        let status = kube::core::Status::failure("pods is forbidden", "Forbidden").with_code(403);
        let text = refused("list pods", &kube::Error::Api(status.boxed())).to_string();
        assert_eq!(
            text,
            "list pods: the API server answers 403: pods is forbidden; run it with an account that may, or ask for that right"
        );
    }
}
