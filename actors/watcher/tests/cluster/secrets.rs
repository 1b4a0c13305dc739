use campanile_protocol::{ReadSecrets, SecretError};
use serde_json::json;

use crate::api::until;
use crate::rig::{Rig, run};

#[test]
fn v02_v03_a_missing_secret_is_named_and_its_coming_is_noticed() {
    run("secret-missing", async |namespace| {
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        assert_eq!(rig.token().await, Err(SecretError::NotFound(rig.key("token"))));
        rig.resolved("chat", 1);
        let table = rig.objects().await;
        let message = format!(
            "failed to get secret '{}/token': not found; create it or correct spec.secretRef",
            namespace.name
        );
        assert_eq!(table.providers[0].object.conditions[0].message, message);
        namespace.secret("t1").await;
        let heard = rig.until_heard(|changes| !changes.secrets.is_empty()).await;
        assert_eq!(heard.last().unwrap().secrets, [rig.key("token")]);
        assert_eq!(rig.token().await.as_deref(), Ok("t1"));
        rig.resolved("chat", 1);
        assert_eq!(rig.objects().await.providers[0].object.conditions[0].status, "True");
    });
}

#[test]
fn a_changed_secret_is_told_and_read_anew_and_secrets_of_others_are_no_news() {
    run("secret-change", async |namespace| {
        namespace.secret("t1").await;
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        assert_eq!(rig.token().await.as_deref(), Ok("t1"));
        rig.until_snapshot(|snapshot| snapshot.secrets == 1).await;
        namespace.secret("t2").await;
        // The first list may be told of, too, if it came while the Secret was being read.
        until(async || (rig.token().await.as_deref() == Ok("t2")).then_some(())).await;
        rig.until_heard(|changes| changes.secrets == [rig.key("token")]).await;
        namespace.core("Secret").delete("token", &Default::default()).await.unwrap();
        let gone = async || matches!(rig.token().await, Err(SecretError::NotFound(_))).then_some(());
        until(gone).await;
        assert_eq!(rig.token().await, Err(SecretError::NotFound(rig.key("token"))));
        namespace.ours("Provider").delete("chat", &Default::default()).await.unwrap();
        until(async || rig.objects().await.providers.is_empty().then_some(())).await;
        namespace.secret("t3").await;
        assert_eq!(rig.token().await.as_deref(), Ok("t3"));
        rig.until_snapshot(|snapshot| snapshot.secrets == 0).await;
    });
}

#[test]
fn v12_the_type_of_a_secret_is_known() {
    run("secret-type", async |namespace| {
        let body = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "token"}, "type": "kubernetes.io/basic-auth",
            "stringData": {"username": "u", "password": "p"},
        });
        let secret = serde_json::from_value(body).unwrap();
        namespace.core("Secret").create(&Default::default(), &secret).await.unwrap();
        namespace.provider("chat").await;
        let rig = Rig::new(&namespace);
        rig.initial().await;
        let key = rig.key("token");
        let mut secrets = rig.watcher.send(ReadSecrets(vec![key.clone()])).await.unwrap();
        assert_eq!(secrets.remove(&key).unwrap().unwrap().type_name, "kubernetes.io/basic-auth");
    });
}
