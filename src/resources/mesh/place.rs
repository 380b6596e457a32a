use tfplugin::AttributePath;

use crate::diagnostics::MemberSyntax;

/// How the resource declares a member of its mesh.
pub const MEMBER: MemberSyntax = MemberSyntax { place: primary, block: "its primary block" };

/// Where the resource names a cluster.
pub fn primary(label: &str) -> AttributePath {
    AttributePath::new("primary").key(label)
}
