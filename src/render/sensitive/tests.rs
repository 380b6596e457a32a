use std::fs;

use helm_template::Chart;
use serde_json::json;

use super::super::{Charts, Renderer, render_with};
use super::*;
use crate::desired::{Kept, Manifest, ManifestSet};
use crate::mesh::{ChartName, ChartSource, ClusterFacts, DeclaredMember, FieldPath, Mesh};

/// A chart whose only template is this.
fn chart(template: &str) -> Chart {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("templates")).unwrap();
    let about = "apiVersion: v2\nname: istiod\nversion: 1.31.0\n";
    fs::write(directory.path().join("Chart.yaml"), about).unwrap();
    fs::write(directory.path().join("values.yaml"), "token: \"\"\nport: 1\nlist: []\n").unwrap();
    fs::write(directory.path().join("templates/a.yaml"), template).unwrap();
    Chart::from_directory(directory.path()).unwrap()
}

fn document(values: Option<Value>) -> SensitiveDocument {
    let field = FieldPath::attribute("chart").key("istiod").then("sensitive_values");
    SensitiveDocument::new(ChartName::Istiod, Layer::Mesh, field, values)
}

fn rendered_with(
    template: &str,
    shown: Value,
    documents: Vec<SensitiveDocument>,
    kept: &Kept,
) -> Result<ManifestSet, RenderError> {
    let member = DeclaredMember { network: "net".to_owned(), ..DeclaredMember::default() };
    let mesh = Mesh {
        mesh_id: "shop".to_owned(),
        trust_domain: "shop.example".to_owned(),
        version: "1.31.0".to_owned(),
        namespace: "istio-system".to_owned(),
        chart_source: ChartSource { repository: "charts".to_owned() },
        chart: [("istiod".to_owned(), shown)].into(),
        sensitive: documents,
        primaries: [("east".to_owned(), member.into())].into(),
        ..Mesh::default()
    };
    let mesh = mesh.validate().unwrap();
    let primary = mesh.primaries().values().next().unwrap();
    let chart = chart(template);
    let charts = Charts::from([(ChartName::Istiod, &chart)]);
    let facts = ClusterFacts { uid: "u".to_owned(), kubernetes_version: "v1.36.3".to_owned() };
    render_with(&Renderer::default(), &mesh, primary, &charts, &facts, kept)
}

fn rendered(template: &str, secret: Value) -> Result<ManifestSet, RenderError> {
    rendered_with(template, Value::Null, vec![document(Some(secret))], &Kept::default())
}

fn config_map(data: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n{data}")
}

fn find(set: &ManifestSet) -> &Manifest {
    set.manifests().iter().find(|manifest| manifest.shown()["metadata"]["name"] == "a").unwrap()
}

#[test]
fn an_object_that_holds_a_secret_is_known_with_two_stand_ins() {
    let template = config_map("  token: {{ .Values.token | quote }}\n  port: {{ .Values.port | quote }}\n");
    let set = rendered(&template, json!({"token": "planted"})).unwrap();
    let manifest = find(&set);
    assert_eq!(manifest.object["data"]["token"], "planted");
    let sensitive = manifest.sensitive.as_ref().unwrap();
    assert_eq!(sensitive.shown["data"]["token"], "sensitive-a-1");
    assert_eq!(sensitive.varied[0].object["data"]["token"], "sensitive-b-1");
    assert_eq!(sensitive.shown["data"]["port"], "1", "what is not in the document stays");
    let others = set.manifests().iter().filter(|other| other.shown()["metadata"]["name"] != "a");
    assert!(others.clone().count() > 1 && others.clone().all(|other| other.sensitive.is_none()));
}

#[test]
fn a_document_that_is_not_known_yet_leaves_the_names_of_objects() {
    let template = config_map("  token: {{ .Values.token | quote }}\n");
    let unknown = rendered_with(&template, Value::Null, vec![document(None)], &Kept::default()).unwrap();
    let known = rendered(&template, json!({"token": "planted"})).unwrap();
    assert!(find(&unknown).sensitive.as_ref().unwrap().is_unknown);
    let names = |set: &ManifestSet| -> Vec<String> {
        set.manifests().iter().map(|manifest| object::describe(manifest.shown())).collect()
    };
    assert_eq!(names(&unknown), names(&known));
}

#[test]
fn a_secret_must_not_decide_which_objects_there_are() {
    let template =
        format!("{{{{ if eq .Values.token \"planted\" }}}}\n{}{{{{ end }}}}", config_map("  a: b\n"));
    let error = rendered(&template, json!({"token": "planted"})).unwrap_err();
    assert!(matches!(error, RenderError::SecretDecides { .. }), "{error}");
    let template = format!("{{{{ if .Values.token }}}}\n{}{{{{ end }}}}", config_map("  a: b\n"));
    let error = rendered(&template, json!({"token": "planted"})).unwrap_err().to_string();
    assert!(error.contains("sensitive_values") && error.contains("ConfigMap istio-system/a"), "{error}");
    let template = config_map("  a: b\n").replace("name: a", "name: {{ .Values.token | default \"a\" }}");
    let error = rendered(&template, json!({"token": "planted"})).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
}

#[test]
fn no_error_quotes_a_secret() {
    let in_text = config_map("  token: {{ .Values.token }}\n");
    let failing = "{{ if eq .Values.token \"planted\" }}{{ fail .Values.token }}{{ end }}".to_owned();
    let unquoted = config_map("  token: \"{{ .Values.token }}\"\n");
    for (template, secret) in
        [(&in_text, "planted: [\"planted"), (&failing, "planted"), (&unquoted, "planted\" planted")]
    {
        let error = rendered(template, json!({"token": secret})).unwrap_err();
        assert!(matches!(error, RenderError::Secret { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("planted"), "{error:?}");
        assert!(std::error::Error::source(&error).is_none());
    }
}

#[test]
fn a_stand_in_that_the_chart_rejects_is_told_with_its_reason() {
    let template = "{{ if ne .Values.token \"right\" }}{{ fail .Values.token }}{{ end }}";
    let error = rendered(template, json!({"token": "right"})).unwrap_err();
    let RenderError::StandIn { source, .. } = &error else { panic!("{error:?}") };
    let cause = format!("{source:?}");
    assert!(cause.contains("sensitive-a-1"), "{cause}");
}

#[test]
fn an_item_that_is_repeated_where_it_is_shown_is_not_secret() {
    let template = config_map("  items: {{ toJson .Values.list | quote }}\n");
    let shown = json!({"list": [{"name": "otel", "key": "dummy"}]});
    let secret = document(Some(json!({"list": [{"name": "otel", "key": "planted"}]})));
    let set = rendered_with(&template, shown, vec![secret], &Kept::default()).unwrap();
    let text = find(&set).shown()["data"]["items"].as_str().unwrap().to_owned();
    assert_eq!(text, r#"[{"key":"sensitive-a-1","name":"otel"}]"#);
}

#[test]
fn what_is_kept_of_a_write_only_document_counts_and_what_is_given_does_not() {
    let template = config_map("  token: {{ .Values.token | quote }}\n  port: {{ .Values.port | quote }}\n");
    let given = document(Some(json!({"token": "given", "port": 80}))).write_only(1);
    let first = rendered_with(&template, Value::Null, vec![given.clone()], &Kept::default()).unwrap();
    let document = first.write_only()["istiod/mesh/write_only"].clone();
    assert_eq!(find(&first).object["data"]["token"], "given");
    let kept = |document: WriteOnly| Kept([("istiod/mesh/write_only".to_owned(), document)].into());
    // In a plan the content is not known, not even its form.
    let other = self::document(Some(json!({"token": "other"}))).write_only(1);
    for given in [other.clone(), self::document(None).write_only(1)] {
        let set = rendered_with(&template, Value::Null, vec![given], &kept(document.clone())).unwrap();
        assert_eq!(find(&set).object["data"]["token"], "sensitive-a-2");
        assert_eq!(find(&set).shown()["data"]["port"], "10002");
    }
    let values = document.clone().with_values(json!({"token": "before", "port": 8080}));
    let set = rendered_with(&template, Value::Null, vec![other.clone()], &kept(values)).unwrap();
    assert_eq!(find(&set).object["data"]["token"], "before");
    assert_eq!(find(&set).object["data"]["port"], "8080");
    // Another version is another document.
    let next = self::document(Some(json!({"token": "next"}))).write_only(2);
    let set = rendered_with(&template, Value::Null, vec![next], &kept(document)).unwrap();
    assert_eq!(find(&set).object["data"]["token"], "next");
}

#[test]
fn istios_own_objects_show_no_secret() {
    let charts = lab::parts::charts().unwrap();
    let istiod = Chart::from_directory(charts.chart("istiod")).unwrap();
    let provider = json!({"name": "otel", "opentelemetry": {"port": 4317, "service": "otel.example",
        "http": {"path": "/v1", "headers": [{"name": "x-key", "value": "planted-header"}]}}});
    let field = FieldPath::attribute("sensitive_mesh_config");
    let mesh_config = SensitiveDocument::new(
        ChartName::Istiod,
        Layer::MeshConfig,
        field,
        Some(json!({"extensionProviders": [provider]})),
    );
    let member = DeclaredMember { network: "net".to_owned(), ..DeclaredMember::default() };
    let mesh = Mesh {
        mesh_id: "shop".to_owned(),
        trust_domain: "shop.example".to_owned(),
        version: "1.31.0".to_owned(),
        namespace: "istio-system".to_owned(),
        chart_source: ChartSource { repository: "charts".to_owned() },
        sensitive: vec![document(Some(json!({"env": {"LICENSE": "planted-license"}}))), mesh_config],
        primaries: [("east".to_owned(), member.into())].into(),
        ..Mesh::default()
    };
    let mesh = mesh.validate().unwrap();
    let primary = mesh.primaries().values().next().unwrap();
    let charts = Charts::from([(ChartName::Istiod, &istiod)]);
    let facts = ClusterFacts { uid: "u".to_owned(), kubernetes_version: "v1.36.3".to_owned() };
    let set = render_with(&Renderer::default(), &mesh, primary, &charts, &facts, &Kept::default()).unwrap();
    let mut secret: Vec<String> = Vec::new();
    for manifest in set.manifests() {
        assert!(!manifest.shown().to_string().contains("planted"), "{}", object::describe(manifest.shown()));
        if manifest.object.to_string().contains("planted") {
            secret.push(object::describe(manifest.shown()));
        }
    }
    secret.sort_unstable();
    assert!(secret.contains(&"ConfigMap istio-system/istio".to_owned()), "{secret:?}");
    assert!(secret.contains(&"Deployment istio-system/istiod".to_owned()), "{secret:?}");
}
