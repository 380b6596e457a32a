use tfplugin::AttributePath;

use crate::diagnostics::MemberSyntax;

/// Members of the mesh are in its document.
pub const MEMBER: MemberSyntax = MemberSyntax { place: |_| AttributePath::new("mesh"), block: "the mesh" };

/// Where the resource names a cluster: in the mesh's document.
pub fn cluster(_label: &str) -> AttributePath {
    AttributePath::new("mesh")
}
