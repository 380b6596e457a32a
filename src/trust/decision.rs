//! What becomes of the root of a mesh, or why nothing may.

use super::certificate::Certificate;

/// What a [`Refusal`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Material {
    /// The Secret that keeps a root's key.
    Root,
    /// What istiod finds to sign with.
    Authority,
    /// What istiod made for itself.
    Own,
}

/// What is to be done about the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is kept where it shall be kept.
    Keep(Certificate),
    /// It is kept in the cluster `from`, and goes to the one that shall keep it.
    Carry {
        /// The root.
        root: Certificate,
        /// Where it is.
        from: String,
    },
    /// There is none, and nothing leads to one.
    Generate,
    /// None is kept for the mesh.
    NotKept {
        /// The clusters whose Secret keeps one all the same, from before.
        left: Vec<(String, Certificate)>,
        /// The cluster whose istiod goes on with a root that an earlier one made.
        adopted: Option<(String, Certificate)>,
    },
}

/// Why nothing may be written. Roots are by cluster; one that cannot be read is a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What this cluster holds could not be read, and it may be the root.
    Unread {
        /// The cluster.
        cluster: String,
    },
    /// The Secret that keeps the root is damaged.
    Damaged {
        /// The cluster.
        cluster: String,
        /// What is wrong.
        reason: String,
    },
    /// No Secret keeps the root that the clusters lead to.
    Gone {
        /// What they lead to.
        present: Vec<(String, String)>,
    },
    /// What is kept is not what the clusters lead to, or is several.
    Ambiguous {
        /// What is kept.
        kept: Vec<(String, String)>,
        /// What the clusters lead to.
        present: Vec<(String, String)>,
    },
    /// What signs in this cluster would lead to a root that its workloads do not trust.
    Replaced {
        /// The cluster.
        cluster: String,
        /// What they trust.
        present: Vec<String>,
        /// The new root; `None` if it is yet to be made.
        next: Option<String>,
    },
    /// This cluster would no longer trust the root that another one's workloads have certificates of.
    Dropped {
        /// The one that would not trust.
        cluster: String,
        /// The other one; may be the same.
        of: String,
        /// The root.
        present: String,
    },
    /// A cluster that the mesh has not been in holds something that leads elsewhere.
    Foreign {
        /// The cluster.
        cluster: String,
        /// What.
        material: Material,
        /// The root, or why it cannot be told.
        root: String,
    },
    /// istiod shall make its own root, and finds something to sign with.
    NotSelfSigned {
        /// The cluster.
        cluster: String,
        /// The root, or why it cannot be told.
        root: String,
    },
}
