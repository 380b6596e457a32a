//! The flags of `helm template`.

use std::error::Error;
use std::path::Path;

use helm_template::{Capabilities, Chart, Helm, Options, Release, Values, render};

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

struct Arguments {
    positional: Vec<String>,
    values: Values,
    namespace: String,
    capabilities: Capabilities,
    is_upgrade: bool,
    options: Options<'static>,
}

impl Arguments {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut parsed = Self {
            positional: Vec::new(),
            values: Values::new(),
            namespace: "default".to_owned(),
            capabilities: Capabilities::new("v1.37.0"),
            is_upgrade: false,
            options: Options::default(),
        };
        while let Some(argument) = arguments.next() {
            let (flag, inline) = match argument.split_once('=') {
                Some((flag, value)) if flag.starts_with("--") => (flag.to_owned(), Some(value.to_owned())),
                _ => (argument, None),
            };
            let value = || inline.or_else(|| arguments.next()).ok_or(format!("{flag} needs a value"));
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
            "-n" | "--namespace" => self.namespace = value()?,
            "-f" | "--values" => {
                let file = Values::from_yaml(&std::fs::read_to_string(value()?)?)?;
                self.values = std::mem::take(&mut self.values).merge(file);
            }
            "--set" => self.values.set(&value()?)?,
            "--set-string" => self.values.set_string(&value()?)?,
            "--set-json" => self.values.set_json(&value()?)?,
            "--set-literal" => self.values.set_literal(&value()?)?,
            "--kube-version" => self.capabilities.kube_version = value()?,
            "-a" | "--api-versions" => {
                self.capabilities.api_versions.extend(value()?.split(',').map(str::to_owned));
            }
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

    fn render(self) -> Result<String, Box<dyn Error>> {
        let (name, chart) = match self.positional.as_slice() {
            [chart] => ("release-name", chart),
            [name, chart] => (name.as_str(), chart),
            _ => return Err("give NAME and CHART".into()),
        };
        let chart = if Path::new(chart).is_dir() {
            Chart::from_directory(chart)?
        } else {
            Chart::from_archive(&std::fs::read(chart)?)?
        };
        let release = Release { is_upgrade: self.is_upgrade, ..Release::new(name, self.namespace) };
        Ok(render(&chart, &self.values, &release, &self.capabilities, &self.options)?.to_text())
    }
}
