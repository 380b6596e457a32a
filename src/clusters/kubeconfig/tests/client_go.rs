//! The kubeconfigs of `tests/kubeconfigs`, read by client-go itself and by us.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::certificates::Authority;
use lab::parts::Part;
use serde::Deserialize;

use super::*;
use crate::clusters::proxy::Protocol;

/// What differs from client-go on purpose: at this path, `<case>.<field>`, for a reason, and what shows that it does.
struct Difference {
    path: &'static str,
    reason: &'static str,
    proof: &'static str,
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        path: "credentials-in-url.error",
        reason: "a URL is in logs and in plans, so it must not contain a password",
        proof: "client-go sends them: Authorization: Basic",
    },
    Difference {
        path: "no-scheme-with-token.error",
        reason: "client-go means plain HTTP, sends no token and is refused by every API server",
        proof: "client-go asks http://10.0.0.1:6443 without Authorization",
    },
    Difference {
        path: "plain-http-with-token.error",
        reason: "client-go leaves the token out, and the server answers as to nobody, which looks like a lack of rights",
        proof: "client-go asks http://10.0.0.1:8080 without Authorization",
    },
    Difference {
        path: "user-is-absent.error",
        reason: "client-go goes on as nobody, which looks like a lack of rights",
        proof: "client-go asks without Authorization",
    },
];

/// A file of `tests/kubeconfigs`.
struct Case {
    name: String,
    is_refused: bool,
    paths: Vec<String>,
    context: Option<String>,
    files: BTreeMap<String, String>,
}

/// What a reader makes of a kubeconfig: what it would send to which server, or an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reading {
    error: String,
    server: String,
    authorization: String,
    impersonate: Vec<String>,
    proxy: String,
    server_name: String,
    insecure: bool,
    authority: bool,
    certificate: bool,
}

impl Reading {
    fn fields(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("error", if self.error.is_empty() { "none" } else { "some" }.to_owned()),
            ("server", self.server.clone()),
            ("authorization", self.authorization.clone()),
            ("impersonate", self.impersonate.join(", ")),
            ("proxy", self.proxy.clone()),
            ("server_name", self.server_name.clone()),
            ("insecure", self.insecure.to_string()),
            ("authority", self.authority.to_string()),
            ("certificate", self.certificate.to_string()),
        ])
    }

    /// The fields that differ. Where one of two refuses, nothing else can be compared.
    fn differences<'a>(&'a self, other: &'a Self) -> BTreeSet<&'static str> {
        if self.error.is_empty() != other.error.is_empty() {
            return BTreeSet::from(["error"]);
        }
        let others = other.fields();
        let own = self.fields();
        if !self.error.is_empty() {
            return BTreeSet::new();
        }
        own.into_iter().filter(|(field, value)| others[field] != *value).map(|(field, _)| field).collect()
    }
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kubeconfigs");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| case(&entry.unwrap().path())).collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

fn case(path: &Path) -> Case {
    let document = helm_template::yaml::parse(&fs::read_to_string(path).unwrap()).unwrap();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let files: BTreeMap<_, _> = document["files"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, file)| (name.clone(), text(file).unwrap()))
        .collect();
    let paths = document["paths"].as_array().map(|paths| paths.iter().filter_map(text).collect());
    let verdict = text(&document["client_go"]).unwrap();
    assert!(["accepted", "refused"].contains(&verdict.as_str()), "{}: {verdict}", path.display());
    Case {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        is_refused: verdict == "refused",
        paths: paths.unwrap_or_else(|| files.keys().cloned().collect()),
        context: text(&document["context"]),
        files,
    }
}

/// What the placeholders of the cases stand for.
struct Material {
    authority: String,
    texts: [(&'static str, String); 4],
}

impl Material {
    fn generate() -> Self {
        let authority = Authority::generate("test").unwrap();
        let (client, other) =
            (authority.client("one", None).unwrap(), authority.client("two", None).unwrap());
        let encoded = |text: &str| STANDARD.encode(text);
        Self {
            authority: authority.pem().to_owned(),
            texts: [
                ("${CA}", encoded(authority.pem())),
                ("${CERTIFICATE}", encoded(&client.certificate)),
                ("${KEY}", encoded(&client.key)),
                ("${OTHER_KEY}", encoded(&other.key)),
            ],
        }
    }

    fn decoded(&self, index: usize) -> Vec<u8> {
        STANDARD.decode(&self.texts[index].1).unwrap()
    }

    /// `text` with its placeholders filled in; what has several lines keeps the indentation of the first.
    fn fill(&self, text: &str) -> String {
        let lines = text.lines().map(|line| {
            let indentation = &line[..line.len() - line.trim_start().len()];
            let (_, encoded) = &self.texts[0];
            let short: Vec<_> = encoded.as_bytes().chunks(76).map(String::from_utf8_lossy).collect();
            let pem: Vec<_> = self.authority.lines().collect();
            let separator = format!("\n{indentation}");
            let line =
                line.replace("${CA:76}", &short.join(&separator)).replace("${CA:pem}", &pem.join(&separator));
            self.texts.iter().fold(line, |line, (placeholder, text)| line.replace(placeholder, text)) + "\n"
        });
        lines.collect()
    }

    /// Writes the files of `case` and those that kubeconfigs may name into `folder`.
    fn write(&self, case: &Case, folder: &Path) {
        let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).unwrap();
        write("ca.crt", self.authority.as_bytes());
        write("client.crt", &self.decoded(1));
        write("client.key", &self.decoded(2));
        write("token", b"in-a-file\n");
        write("empty", b"");
        for (name, text) in &case.files {
            write(name, self.fill(text).as_bytes());
        }
    }
}

async fn own(case: &Case, folder: &Path) -> Reading {
    let paths: Vec<_> =
        case.paths.iter().map(|name| folder.join(name).to_string_lossy().into_owned()).collect();
    let mut config = ConnectionConfig { config_context: case.context.clone(), ..ConnectionConfig::default() };
    match paths.as_slice() {
        [path] => config.config_path = Some(path.clone()),
        _ => config.config_paths = paths,
    }
    let connection = match connection(&config, &Environment::default()) {
        Ok(connection) => connection,
        Err(invalid) => return Reading { error: lab::chain(&invalid.problem), ..Reading::default() },
    };
    let issued = match connection.credentials.issue(Duration::from_secs(20)).await {
        Ok(issued) => issued,
        Err(error) => return Reading { error: lab::chain(&error), ..Reading::default() },
    };
    let is_tls = !connection.is_plain_http();
    let header = issued.authorization.map(|header| header.to_str().unwrap().to_owned());
    let proxy = connection.proxy.as_ref().map(|proxy| {
        let scheme = match proxy.protocol {
            Protocol::Http => "http",
            Protocol::Https => "https",
            Protocol::Socks => "socks5",
        };
        format!("{scheme}://{}", proxy.address.authority().unwrap())
    });
    let impersonated = connection.impersonation.impersonate.clone().into_iter();
    let groups = connection.impersonation.impersonate_groups.clone().unwrap_or_default();
    Reading {
        server: connection.host(),
        authorization: header.unwrap_or_default(),
        impersonate: impersonated.chain(groups).collect(),
        proxy: proxy.unwrap_or_default(),
        server_name: connection.tls_server_name.clone().filter(|_| is_tls).unwrap_or_default(),
        insecure: connection.insecure && is_tls,
        authority: connection.roots.is_some(),
        certificate: connection.identity.is_some(),
        ..Reading::default()
    }
}

/// What client-go makes of the same files.
fn of_client_go(case: &Case, folder: &Path) -> Reading {
    let program = lab::parts::find(Part::KubeconfigOracle).unwrap_or_else(|error| panic!("{error}"));
    let files: Vec<_> = case.paths.iter().map(|name| folder.join(name)).collect();
    let request = serde_json::json!({ "files": files, "context": case.context.clone().unwrap_or_default() });
    let mut process =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).env_clear().spawn().unwrap();
    process.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn kubeconfigs_are_read_as_client_go_reads_them() {
    let material = Material::generate();
    let (mut found, mut wrong) = (BTreeSet::new(), Vec::new());
    for case in cases() {
        let folder = tempfile::tempdir().unwrap();
        material.write(&case, folder.path());
        let (own, theirs) = (own(&case, folder.path()).await, of_client_go(&case, folder.path()));
        if theirs.error.is_empty() == case.is_refused {
            wrong.push(format!("{}: its verdict is not that of client-go: {theirs:?}", case.name));
        }
        for field in own.differences(&theirs) {
            let path = format!("{}.{field}", case.name);
            if DIFFERENCES.iter().all(|known| known.path != path) {
                wrong.push(format!("{path}: {own:?}\n  client-go: {theirs:?}"));
            }
            found.insert(path);
        }
    }
    let stale = DIFFERENCES.iter().filter(|known| !found.contains(known.path));
    wrong.extend(stale.map(|known| format!("{}: does not differ any more ({})", known.path, known.reason)));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Without client-go: the verdicts of the cases are known.
#[tokio::test]
async fn what_client_go_refuses_is_refused() {
    let material = Material::generate();
    let cases = cases();
    let refused = cases.iter().filter(|case| case.is_refused).count();
    assert!(cases.len() >= 40 && refused * 2 >= cases.len(), "{refused} of {} are refused", cases.len());
    assert!(DIFFERENCES.len() <= 5 && DIFFERENCES.iter().all(|known| !known.proof.is_empty()));
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        material.write(&case, folder.path());
        let reading = own(&case, folder.path()).await;
        let path = format!("{}.error", case.name);
        let differs = DIFFERENCES.iter().any(|known| known.path == path);
        assert_eq!(!reading.error.is_empty(), case.is_refused != differs, "{}: {reading:?}", case.name);
    }
}
