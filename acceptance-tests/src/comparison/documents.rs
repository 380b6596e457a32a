//! Documents inside fields: opened up, so that one line of them that differs is one field that differs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What stands where certificates, keys and tokens were: they are new in every installation.
const OPAQUE: &str = "<bytes>";

/// Opens up what a `ConfigMap` holds, and hides what a Secret holds, but for kubeconfigs, of which only the token is hidden.
pub fn open(object: &mut Value) {
    let is_kubeconfig = object["metadata"]["labels"]["istio/multiCluster"] == "true";
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) else { return };
    for value in data.values_mut() {
        let text = value.as_str().unwrap_or_default();
        *value = match kind.as_str() {
            "Secret" if is_kubeconfig => kubeconfig(text),
            "Secret" => Value::from(OPAQUE),
            _ => document(text).unwrap_or_else(|| value.clone()),
        };
    }
}

/// A text that is a mapping in YAML, which JSON is too.
fn document(text: &str) -> Option<Value> {
    let mut options = serde_saphyr::Options::default();
    options.budget = None;
    let document: Value = serde_saphyr::from_str_with_options(text, options).ok()?;
    document.is_object().then_some(document)
}

fn kubeconfig(encoded: &str) -> Value {
    let text = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let mut kubeconfig = text.and_then(|text| document(&text)).expect("a remote secret holds a kubeconfig");
    for user in kubeconfig["users"].as_array_mut().expect("a kubeconfig has users") {
        let token = &mut user["user"]["token"];
        assert!(token.as_str().is_some_and(|token| token.len() > 100), "a remote secret has a token");
        *token = Value::from(OPAQUE);
    }
    kubeconfig
}

/// Hides every certificate in plain text.
pub fn hide_certificates(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("-----BEGIN CERTIFICATE-----") => OPAQUE.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(hide_certificates),
        Value::Object(members) => members.values_mut().for_each(hide_certificates),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_configuration_is_opened_up_and_a_key_is_hidden() {
        let mut config_map =
            json!({"kind": "ConfigMap", "data": {"mesh": "trustDomain: a\nroots: []\n", "other": "text"}});
        open(&mut config_map);
        assert_eq!(config_map["data"], json!({"mesh": {"trustDomain": "a", "roots": []}, "other": "text"}));
        let mut secret = json!({"kind": "Secret", "data": {"ca-key.pem": "c2VjcmV0"}});
        open(&mut secret);
        assert_eq!(secret["data"], json!({"ca-key.pem": OPAQUE}));
    }

    #[test]
    fn all_of_a_remote_secret_is_compared_but_its_token() {
        let kubeconfig = json!({"clusters": [{"cluster": {"server": "https://a"}}], "users": [{"user": {"token": "t".repeat(101)}}]});
        let mut secret = json!({
            "kind": "Secret", "metadata": {"labels": {"istio/multiCluster": "true"}},
            "data": {"west": STANDARD.encode(kubeconfig.to_string())},
        });
        open(&mut secret);
        assert_eq!(secret["data"]["west"]["clusters"][0]["cluster"]["server"], "https://a");
        assert_eq!(secret["data"]["west"]["users"][0]["user"]["token"], OPAQUE);
    }
}
