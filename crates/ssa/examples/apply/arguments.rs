//! The command line.

use std::path::PathBuf;

pub const USAGE: &str = "\
usage: apply --kubeconfig FILE --inventory NAME [options] DIR
  --context NAME          of the kubeconfig, instead of its current one
  --namespace NAME        of the inventory and of objects that name none (default)
  --dry-run               say what would change, and change nothing
  --ask-server            with --dry-run: also what the server would refuse; needs the right to patch
  --delete                delete everything that the inventory has, and it; without DIR
  --wait SECONDS          until all objects are ready
  --recreate              objects whose immutable fields change
  --adopt                 objects that nobody's inventory has
  --take-over MANAGER     fields that this field manager owns (* stands for any characters)
  --succeed MANAGER       everything that this field manager owns, whether the manifests have it or not
  --skip-refused          apply the others when some objects must not be written
  --schema-cache FOLDER   keep the cluster's schemas there from run to run";

#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Arguments {
    pub kubeconfig: PathBuf,
    pub context: Option<String>,
    pub inventory: String,
    pub namespace: String,
    pub dry_run: bool,
    pub ask_server: bool,
    pub delete: bool,
    pub wait_seconds: Option<u64>,
    pub recreate: bool,
    pub adopt: bool,
    pub skip_refused: bool,
    pub take_over: Vec<String>,
    pub succeed: Vec<String>,
    pub schema_cache: Option<PathBuf>,
    pub directory: PathBuf,
}

pub fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments { namespace: "default".to_owned(), ..Arguments::default() };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value\n{USAGE}"));
        match word.as_str() {
            "--kubeconfig" => arguments.kubeconfig = value()?.into(),
            "--context" => arguments.context = Some(value()?),
            "--inventory" => arguments.inventory = value()?,
            "--namespace" => arguments.namespace = value()?,
            "--dry-run" => arguments.dry_run = true,
            "--ask-server" => arguments.ask_server = true,
            "--delete" => arguments.delete = true,
            "--wait" => {
                let text = value()?;
                let seconds = text.parse().map_err(|_| format!("--wait takes seconds, not {text:?}"))?;
                arguments.wait_seconds = Some(seconds);
            }
            "--recreate" => arguments.recreate = true,
            "--adopt" => arguments.adopt = true,
            "--skip-refused" => arguments.skip_refused = true,
            "--take-over" => arguments.take_over.push(value()?),
            "--succeed" => arguments.succeed.push(value()?),
            "--schema-cache" => arguments.schema_cache = Some(value()?.into()),
            _ if word.starts_with('-') => return Err(format!("{word} is no option\n{USAGE}")),
            _ if arguments.directory.as_os_str().is_empty() => arguments.directory = word.into(),
            _ => return Err(format!("{word} is one folder too many\n{USAGE}")),
        }
    }
    let given = |text: &std::ffi::OsStr, name: &str| {
        if text.is_empty() { Err(format!("{name} is missing\n{USAGE}")) } else { Ok(()) }
    };
    given(arguments.kubeconfig.as_os_str(), "--kubeconfig")?;
    given(arguments.inventory.as_ref(), "--inventory")?;
    if !arguments.delete {
        given(arguments.directory.as_os_str(), "the folder of manifests")?;
    }
    Ok(arguments)
}
