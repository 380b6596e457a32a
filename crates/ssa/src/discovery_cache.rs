use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::digest::hex;
use crate::discovery::{Discovery, Resource};
use crate::kept_file;

/// Of files that are written otherwise, none is read.
const FORMAT: u32 = 1;

/// Which kinds API servers serve, kept in a folder from process to process: one file a cluster, which holds for one version of its API
/// server. Without a folder nothing is kept.
///
/// A kind may come and go without either of them changing. So what is kept never says that a kind is missing (the server is asked
/// before anybody says so), and what the server no longer serves shows by its first answer.
#[derive(Clone, Debug, Default)]
pub struct DiscoveryCache {
    folder: Option<PathBuf>,
}

/// An API server, as far as what it serves may depend on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Identity of its cluster: the UID of the namespace `kube-system`.
    pub cluster: String,
    /// Its version, such as `v1.36.3`.
    pub version: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    server: Server,
    resources: Vec<Resource>,
}

impl DiscoveryCache {
    /// A cache in a folder, which is made when the first file is kept.
    pub fn in_folder(folder: PathBuf) -> Self {
        Self { folder: Some(folder) }
    }

    pub(crate) fn get(&self, server: &Server) -> Option<Discovery> {
        let kept: Kept = kept_file::read(&self.file(server)?)?;
        let is_of_server = kept.format == FORMAT && kept.server == *server;
        is_of_server.then(|| Discovery::kept(kept.resources))
    }

    pub(crate) fn put(&self, server: &Server, discovery: &Discovery) {
        let Some(file) = self.file(server) else { return };
        let resources = discovery.resources().cloned().collect();
        kept_file::keep(&file, &Kept { format: FORMAT, server: server.clone(), resources });
    }

    fn file(&self, server: &Server) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(format!("{}.json", hex(server.cluster.as_bytes()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object_id::GroupKind;

    fn server(cluster: &str, version: &str) -> Server {
        Server { cluster: cluster.to_owned(), version: version.to_owned() }
    }

    fn gadgets(version: &str) -> Resource {
        Resource {
            kind: GroupKind { group: "shop.example".to_owned(), kind: "Gadget".to_owned() },
            version: version.to_owned(),
            plural: "gadgets".to_owned(),
            namespaced: true,
            verbs: vec!["list".to_owned()],
        }
    }

    #[test]
    fn what_is_kept_holds_for_one_cluster_and_one_version_of_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let cache = || DiscoveryCache::in_folder(folder.path().join("discovery"));
        let one = server("1", "v1.36.3");
        assert!(cache().get(&one).is_none());
        // The first one is preferred.
        let discovery = Discovery::kept(vec![gadgets("v2"), gadgets("v1")]);
        cache().put(&one, &discovery);
        let kept = cache().get(&one).unwrap();
        assert!(kept.is_kept());
        let kind = gadgets("v1").kind;
        assert_eq!(kept.resource(&kind, None), Some(&gadgets("v2")));
        assert_eq!(kept.resource(&kind, Some("v1")), Some(&gadgets("v1")));
        assert!(cache().get(&server("1", "v1.37.0")).is_none());
        assert!(cache().get(&server("2", "v1.36.3")).is_none());
        cache().put(&server("1", "v1.37.0"), &discovery);
        assert!(cache().get(&one).is_none(), "a cluster has one file");
    }

    #[test]
    fn a_damaged_file_and_a_folder_that_cannot_be_made_are_as_good_as_no_cache() {
        let folder = tempfile::tempdir().unwrap();
        let one = server("1", "v1.36.3");
        let cache = DiscoveryCache::in_folder(folder.path().to_owned());
        std::fs::write(cache.file(&one).unwrap(), "{").unwrap();
        assert!(cache.get(&one).is_none());
        let below_a_file = DiscoveryCache::in_folder(cache.file(&one).unwrap().join("below"));
        below_a_file.put(&one, &Discovery::default());
        assert!(below_a_file.get(&one).is_none());
        let none = DiscoveryCache::default();
        none.put(&one, &Discovery::default());
        assert!(none.get(&one).is_none());
    }
}
