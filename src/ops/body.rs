//! Reading what is posted to the operations API.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpMessage, HttpRequest};
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// Most bytes of a request: more than the largest event.
const MOST_BYTES: usize = 4 << 20;

/// Reads a body of JSON, without looking into it.
///
/// The content type is demanded because a browser lets no foreign page send it unasked: the API listens on loopback,
/// where every page that an operator opens could reach it.
pub(super) async fn read(request: &HttpRequest, payload: Payload) -> Result<Bytes, ApiError> {
    if request.content_type() != "application/json" {
        let text = "read the request: it is not said to be JSON; send Content-Type: application/json";
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    match payload.to_bytes_limited(MOST_BYTES).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(ApiError::bad_request("read the request: the connection ended before its body")),
        Err(_) => {
            let text = format!("read the request: it is longer than {MOST_BYTES} bytes");
            Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, text))
        }
    }
}

/// Reads a JSON document of the form of `T`.
pub(super) async fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: Payload,
) -> Result<T, ApiError> {
    let body = read(request, payload).await?;
    serde_json::from_slice(&body).map_err(|error| ApiError::bad_request(format!("read the request: {error}")))
}
