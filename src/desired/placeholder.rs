use crate::mesh::ClusterName;

/// A value in the data of a Secret that rendering cannot know: earlier stages of an apply produce it, and nobody sees it
/// in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// A file of the mesh's root.
    Root(&'static str),
    /// A file of the cluster's intermediate.
    Intermediate {
        /// The file.
        file: &'static str,
        /// Which intermediate: another number asks for another one of the same root.
        version: i64,
    },
    /// The key of a certificate that the user gives.
    GivenKey {
        /// The certificate, as PEM.
        certificate: String,
        /// Which key of it.
        version: i64,
    },
    /// What a Secret for pulling images holds; the number tells one content from the next.
    PullSecret {
        /// The Secret.
        name: String,
        /// Which content it is.
        version: i64,
    },
    /// The kubeconfig by which istiod reads another cluster.
    Access {
        /// The cluster.
        cluster: ClusterName,
        /// A comment in it, empty for none. istiod looks at a cluster anew when the bytes of its kubeconfig are others, and at nothing else.
        comment: String,
    },
}
