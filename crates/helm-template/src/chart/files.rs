//! `.Files`.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::File;
use crate::funcs::arguments::text;
use crate::golang::path;
use crate::object::{Method, MethodBody, Object};
use crate::template::signature::Type;
use crate::value::{Entries, Map, Value};
use crate::yaml;

/// Some files of a chart, by path.
#[derive(Clone)]
pub(crate) struct Files {
    by_name: Rc<BTreeMap<String, Arc<[u8]>>>,
}

impl Files {
    pub(crate) fn new(files: &[File]) -> Self {
        let by_name = files.iter().map(|file| (file.name.clone(), Arc::clone(&file.data)));
        Self { by_name: Rc::new(by_name.collect()) }
    }

    fn get(&self, name: &str) -> Vec<u8> {
        self.by_name.get(name).map(|data| data.to_vec()).unwrap_or_default()
    }

    fn glob(&self, pattern: &str) -> Self {
        let matches = self.by_name.iter().filter(|(name, _)| super::glob::matches(pattern, name));
        Self { by_name: Rc::new(matches.map(|(name, data)| (name.clone(), Arc::clone(data))).collect()) }
    }

    /// A map from the last element of each path to what `each` makes of the content, as YAML.
    fn as_yaml(&self, each: impl Fn(&[u8]) -> Value) -> Value {
        let entries: Entries =
            self.by_name.iter().map(|(name, data)| (Rc::from(path::base(name)), each(data))).collect();
        let text = yaml::marshal(&Value::map(entries)).unwrap_or_default();
        Value::from(text.strip_suffix('\n').unwrap_or(&text))
    }

    fn lines(&self, name: &str) -> Value {
        let data = self.get(name);
        let content = String::from_utf8_lossy(&data);
        if content.is_empty() {
            return Value::strings(Vec::<String>::new());
        }
        Value::strings(content.strip_suffix('\n').unwrap_or(&content).split('\n'))
    }
}

impl Object for Files {
    fn type_name(&self) -> &'static str {
        "engine.files"
    }

    fn field(&self, name: &str) -> Option<Value> {
        Some(Value::Bytes(Rc::from(self.get(name))))
    }

    fn method(&self, name: &str) -> Option<Method> {
        use base64::Engine as _;
        const TEXT: &[Type] = &[Type::String];
        let own = self.clone();
        let (parameters, call): (_, MethodBody) = match name {
            "Get" => (TEXT, Box::new(move |arguments| Value::bytes_as_string(own.get(&text(arguments, 0))))),
            "GetBytes" => {
                (TEXT, Box::new(move |arguments| Value::Bytes(Rc::from(own.get(&text(arguments, 0))))))
            }
            "Glob" => {
                (TEXT, Box::new(move |arguments| Value::Object(Rc::new(own.glob(&text(arguments, 0))))))
            }
            "Lines" => (TEXT, Box::new(move |arguments| own.lines(&text(arguments, 0)))),
            "AsConfig" => (&[], Box::new(move |_| own.as_yaml(|data| Value::bytes_as_string(data.to_vec())))),
            "AsSecrets" => (
                &[],
                Box::new(move |_| {
                    own.as_yaml(|data| Value::from(base64::engine::general_purpose::STANDARD.encode(data)))
                }),
            ),
            _ => return None,
        };
        Some(Method { parameters, call })
    }

    fn plain(&self) -> Value {
        let entries = self
            .by_name
            .iter()
            .map(|(name, data)| (Rc::from(name.as_str()), Value::Bytes(Rc::from(&**data))));
        Value::Map(Map::typed("engine.files", entries.collect()))
    }

    fn is_true(&self) -> bool {
        !self.by_name.is_empty()
    }
}
