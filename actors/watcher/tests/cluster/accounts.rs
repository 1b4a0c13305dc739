//! Service accounts of a real API server (contract, providers 20).

use std::time::Duration;

use campanile_domain::ObjectKey;
use campanile_protocol::{AccountError, ReadServiceAccount, RequestToken};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::api::until;
use crate::rig::{Rig, run};

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<u8> = payload
        .bytes()
        .map(|letter| u8::try_from(alphabet.iter().position(|known| *known == letter).unwrap()).unwrap())
        .flat_map(|six| (0..6).rev().map(move |bit| six >> bit & 1))
        .collect();
    let bytes = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit));
    serde_json::from_slice(&bytes.collect::<Vec<u8>>()).unwrap()
}

#[test]
fn s20_annotations_are_read_and_a_token_is_made_for_the_audience() {
    run("accounts", async |namespace| {
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let (key, absent) = (rig.key("flux"), rig.key("absent"));
        let read = async |key: &ObjectKey| rig.watcher.send(ReadServiceAccount(key.clone())).await.unwrap();
        let usual = |key: &ObjectKey| RequestToken {
            account: key.clone(),
            audiences: vec!["api://AzureADTokenExchange".to_owned()],
            expiration: None,
            named_by_account: false,
        };
        let token = async |key: &ObjectKey| rig.watcher.send(usual(key)).await.unwrap();
        assert_eq!(read(&absent).await, Err(AccountError::NotFound(absent.clone())));
        assert_eq!(token(&absent).await, Err(AccountError::NotFound(absent.clone())));
        let api: Api<ServiceAccount> = Api::namespaced(namespace.client.clone(), &namespace.name);
        let account = serde_json::from_value(json!({
            "metadata": { "name": "flux", "annotations": { "azure.workload.identity/client-id": "c" } },
        }));
        api.create(&PostParams::default(), &account.unwrap()).await.unwrap();
        let annotations = until(async || read(&key).await.ok()).await;
        assert_eq!(annotations["azure.workload.identity/client-id"], "c");
        let usual_claims = claims(&token(&key).await.unwrap());
        assert_eq!(usual_claims["aud"], json!(["api://AzureADTokenExchange"]));
        assert_eq!(usual_claims["sub"], format!("system:serviceaccount:{}:flux", namespace.name));

        // T10: audiences and life as the account wants them, but never the API server's own audience.
        let named = |audience: &str| RequestToken {
            audiences: vec![audience.to_owned(), "two".to_owned()],
            expiration: Some(Duration::from_secs(1800)),
            named_by_account: true,
            ..usual(&key)
        };
        let wanted = claims(&rig.watcher.send(named("one")).await.unwrap().unwrap());
        assert_eq!(wanted["aud"], json!(["one", "two"]));
        assert_eq!(wanted["exp"].as_i64().unwrap() - wanted["iat"].as_i64().unwrap(), 1800);
        let issuer = usual_claims["iss"].as_str().unwrap();
        let refused = rig.watcher.send(named(issuer)).await.unwrap();
        assert!(
            matches!(&refused, Err(AccountError::Refused { cause, .. }) if cause.contains("the API server's own")),
            "{refused:?}"
        );
    });
}
