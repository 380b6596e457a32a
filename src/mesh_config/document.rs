use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// A document of Istio's mesh configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The key `mesh` of the ConfigMap `istio`, `meshConfig` of the chart's values.
    MeshConfig,
    /// The key `meshNetworks` of the same, `global.meshNetworks` of the values.
    MeshNetworks,
    /// `defaultConfig` of the first, and the annotation `proxy.istio.io/config` of pods.
    ProxyConfig,
}

impl Document {
    /// Istio's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MeshConfig => "MeshConfig",
            Self::MeshNetworks => "MeshNetworks",
            Self::ProxyConfig => "ProxyConfig",
        }
    }

    /// What it consists of in this minor release of Istio, or in the nearest one that is known.
    pub(super) fn descriptor(self, minor: u64) -> Option<MessageDescriptor> {
        let pool = match minor {
            ..=29 => &OF_29,
            30 => &OF_30,
            31.. => &OF_31,
        };
        pool.as_ref()?.get_message_by_name(&format!("istio.mesh.v1alpha1.{}", self.name()))
    }
}

/// Decoded once and only where a document is read. `None` cannot be: a test reads all of them.
macro_rules! release {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Option<DescriptorPool>> =
            LazyLock::new(|| DescriptorPool::decode(include_bytes!($file).as_slice()).ok());
    };
}

release!(OF_29, "descriptors/1.29.binpb");
release!(OF_30, "descriptors/1.30.binpb");
release!(OF_31, "descriptors/1.31.binpb");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_release_describes_every_document() {
        for minor in [1, 29, 30, 31, 40] {
            for document in [Document::MeshConfig, Document::MeshNetworks, Document::ProxyConfig] {
                let found = document.descriptor(minor).unwrap();
                assert_eq!(found.name(), document.name());
                assert!(found.fields().len() > 0, "{minor}");
            }
        }
    }
}
