use crate::mesh::ClusterName;

/// A value in the data of a Secret that rendering cannot know: earlier stages of an apply produce it, and nobody sees it
/// in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hole {
    /// A file of the mesh's root, see [`authority`](super::authority).
    Root(&'static str),
    /// A file of the cluster's intermediate, see [`authority`](super::authority).
    Intermediate(&'static str),
    /// The kubeconfig by which istiod reads this other cluster.
    Access(ClusterName),
}
