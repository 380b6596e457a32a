//! The flags of `helm template`.

use std::error::Error;
use std::path::Path;

use helm_template::{Capabilities, Chart, Helm, Options, Release, Source, Values, render};

/// What `helm template` prints for these arguments, or what it says is wrong.
pub fn run(arguments: impl Iterator<Item = String>) -> Result<String, String> {
    Arguments::parse(arguments).and_then(Arguments::render).map_err(|error| {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            message = format!("{message}: {inner}");
            cause = inner.source();
        }
        message
    })
}

/// What `helm template` lets templates see of the machine: its clock and its source of chance.
struct Machine;

impl Source for Machine {
    fn now(&self) -> Option<std::time::SystemTime> {
        Some(std::time::SystemTime::now())
    }

    fn random(&self, count: usize) -> Option<Vec<u8>> {
        use std::io::Read as _;
        let mut bytes = vec![0; count];
        std::fs::File::open("/dev/urandom").ok()?.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}

#[derive(Default)]
struct Arguments {
    positional: Vec<String>,
    files: Vec<String>,
    set: Vec<String>,
    set_string: Vec<String>,
    set_json: Vec<String>,
    set_literal: Vec<String>,
    set_file: Vec<String>,
    namespace: Option<String>,
    kube_version: Option<String>,
    api_versions: Vec<String>,
    is_upgrade: bool,
    options: Options<'static>,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut parsed = Self::default();
        parsed.options.source = Some(&Machine);
        while let Some(argument) = arguments.next() {
            let (flag, inline) = match argument.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag.to_owned(), Some(value.to_owned())),
                _ => (argument, None),
            };
            let value =
                || inline.or_else(|| arguments.next()).ok_or(format!("flag needs an argument: {flag}"));
            parsed.flag(&flag, value)?;
        }
        Ok(parsed)
    }

    fn flag(
        &mut self,
        flag: &str,
        value: impl FnOnce() -> Result<String, String>,
    ) -> Result<(), Box<dyn Error>> {
        match flag {
            "-n" | "--namespace" => self.namespace = Some(value()?),
            "-f" | "--values" => self.files.extend(value()?.split(',').map(str::to_owned)),
            "--set" => self.set.push(value()?),
            "--set-string" => self.set_string.push(value()?),
            "--set-json" => self.set_json.push(value()?),
            "--set-literal" => self.set_literal.push(value()?),
            "--set-file" => self.set_file.push(value()?),
            "--kube-version" => self.kube_version = Some(value()?),
            "-a" | "--api-versions" => self.api_versions.extend(value()?.split(',').map(str::to_owned)),
            "--is-upgrade" => self.is_upgrade = true,
            "--include-crds" => self.options.include_crds = true,
            "--no-hooks" => self.options.no_hooks = true,
            "--skip-tests" => self.options.skip_tests = true,
            "--skip-schema-validation" => self.options.skip_schema_validation = true,
            "--helm3" => self.options.helm = Helm::V3,
            _ if flag.starts_with('-') => return Err(format!("unknown flag: {flag}").into()),
            _ => self.positional.push(flag.to_owned()),
        }
        Ok(())
    }

    /// Helm's order: files, then each kind of `--set`, whatever order they were given in.
    fn values(&self) -> Result<Values, Box<dyn Error>> {
        let mut values = Values::new();
        for path in &self.files {
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("open {path}: {}", error.to_string().to_lowercase()))?;
            let file = Values::from_yaml(&text).map_err(|error| {
                let problem = error.to_string();
                let since_helm_4 = "cannot unmarshal yaml document: ";
                let problem = match self.options.helm {
                    Helm::V3 => problem.trim_start_matches(since_helm_4),
                    Helm::V4 => &problem,
                };
                format!("failed to parse {path}: {problem}")
            })?;
            values = values.merge(file);
        }
        for expression in &self.set_json {
            values
                .set_json(expression)
                .map_err(|_| format!("failed parsing --set-json data {expression}"))?;
        }
        let failed = |flag: &'static str| move |error| format!("failed parsing {flag} data: {error}");
        for expression in &self.set {
            values.set(expression).map_err(failed("--set"))?;
        }
        for expression in &self.set_string {
            values.set_string(expression).map_err(failed("--set-string"))?;
        }
        for expression in &self.set_file {
            let read = |path: &str| std::fs::read_to_string(path).map_err(|error| error.to_string());
            values.set_file(expression, &read).map_err(failed("--set-file"))?;
        }
        for expression in &self.set_literal {
            values.set_literal(expression).map_err(failed("--set-literal"))?;
        }
        Ok(values)
    }

    fn render(self) -> Result<String, Box<dyn Error>> {
        let (name, chart) = match self.positional.as_slice() {
            [chart] => ("release-name", chart),
            [name, chart] => (name.as_str(), chart),
            _ => return Err("give NAME and CHART".into()),
        };
        let kube_version = self.kube_version.as_deref().unwrap_or("v1.37.0");
        let capabilities = Capabilities::new(kube_version).with_api_versions(self.api_versions.clone());
        capabilities.check()?;
        let values = self.values()?;
        let chart = if Path::new(chart).is_dir() {
            Chart::from_directory(chart)?
        } else {
            Chart::from_archive(&std::fs::read(chart)?)?
        };
        let namespace = self.namespace.as_deref().unwrap_or("default");
        let release = Release { is_upgrade: self.is_upgrade, ..Release::new(name, namespace) };
        Ok(render(&chart, &values, &release, &capabilities, &self.options)?.to_text())
    }
}
