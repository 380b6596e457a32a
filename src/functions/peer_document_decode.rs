//! `peer_document_decode`: the document of another mesh from JSON.

use tfplugin::{
    Arguments, Field, Function, FunctionError, Parameter, Signature, TerraformValue as _, Type, Value,
};

use crate::diagnostics;
use crate::documents::{PEER_DOCUMENT_MEMBERS, PeerDocumentModel, peer_document_type};

/// The function.
#[derive(Clone, Copy, Debug)]
pub struct PeerDocumentDecode;

impl Function for PeerDocumentDecode {
    const NAME: &'static str = "peer_document_decode";

    fn signature(&self) -> Signature {
        let description = format!(
            "Reads the JSON that `peer_document_encode` has written, and checks it strictly, since it comes from another organisation: \
             one JSON object of at most 1 MiB and of a known format, without a member that is given twice. `trust_domain` and \
             `root_certificates` must be set. The trust domain must not be Istio's default `cluster.local`, each root must be a CA \
             certificate, and addresses must be IP addresses or DNS names that other meshes can reach. An export must have its \
             `namespace`, `service`, `host`, and at least one port and one identity. An error names the member, the cause and the fix.\n\n\
             A document is not signed: any party that can change it can replace the roots. Compare the SHA-256 fingerprints of the roots \
             over another channel, or fetch the document over a connection that you trust.\n\n\
             The result is an object, and null if the text is null. {PEER_DOCUMENT_MEMBERS}\n\n\
             The function needs no provider configuration and connects to nothing."
        );
        let json = Parameter::new(
            "json",
            Type::String,
            "The text, such as `file(\"bank.json\")` or the `response_body` of an `http` data source. Null stands for a document that does \
             not exist yet.",
        );
        Signature::new("Read the document of another mesh from JSON", description, peer_document_type())
            .parameter(json.allow_null())
    }

    fn call(&self, mut arguments: Arguments) -> Result<Value, FunctionError> {
        let Field::Known(text) = arguments.take::<Field<String>>()? else { return Ok(Value::Null) };
        let document = PeerDocumentModel::from_text(&text);
        document.map(PeerDocumentModel::into_value).map_err(|error| diagnostics::argument(&error, 0))
    }
}
