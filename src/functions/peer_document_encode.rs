//! `peer_document_encode`: the document of a mesh as JSON.

use tfplugin::{
    Arguments, Dynamic, Field, Function, FunctionError, Parameter, Signature, TerraformValue as _, Type,
    Value,
};

use crate::diagnostics;
use crate::documents::{self, PeerDocumentModel};

/// The function.
#[derive(Clone, Copy, Debug)]
pub struct PeerDocumentEncode;

impl Function for PeerDocumentEncode {
    const NAME: &'static str = "peer_document_encode";

    fn signature(&self) -> Signature {
        let description = "Writes the document by which another mesh federates with this one as JSON, for handing it to another \
             organisation: in a file, over HTTP, or as an output of another state. `peer_document_decode` reads it.\n\n\
             The document is checked first, as `peer_document_decode` does it, so what this function returns can be used: the trust \
             domain must not be Istio's default `cluster.local`, roots must be CA certificates, and addresses must be reachable from \
             other meshes. The same document always gives the same text: one line, members and lists sorted. It contains no secrets.\n\n\
             While a part of the document is not known yet, so is the text. The function needs no provider configuration and \
             connects to nothing.";
        let document = Parameter::new(
            "document",
            Type::Dynamic,
            "The attribute `peer` of an `istio_mesh` (a resource or a data source), or `document` of an `istio_mesh_federation`. Members \
             that documents do not have are left out.",
        );
        Signature::new("Write the document for another mesh as JSON", description, Type::String)
            .parameter(document)
    }

    fn call(&self, mut arguments: Arguments) -> Result<Value, FunctionError> {
        let document: Dynamic = arguments.take()?;
        let document = documents::decode::<PeerDocumentModel>(&Field::Known(document));
        let document = document.map_err(|error| diagnostics::argument(&error, 0))?;
        // Terraform calls it with nothing else than a known document.
        let Some(document) = document.into_known() else { return Ok(Value::Unknown) };
        let text = document.to_text().map_err(|error| diagnostics::argument(&error, 0))?;
        Ok(text.into_value())
    }
}
