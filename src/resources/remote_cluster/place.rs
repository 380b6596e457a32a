use tfplugin::AttributePath;

use crate::diagnostics::MemberSyntax;

/// How the resource declares itself as a member of its mesh: its attributes are the member's.
pub const MEMBER: MemberSyntax = MemberSyntax { place: |_| AttributePath::root(), block: "this resource" };

/// Where the resource names a cluster: itself, or the primaries in the mesh's document.
pub fn cluster(_label: &str) -> AttributePath {
    AttributePath::new("cluster")
}
