# The side of the shop: it lets the bank call its Service orders, and calls the bank's Service payments. The bank has a
# resource of its own, here or in another workspace.
resource "istio_mesh_federation" "partners" {
  name = "partners"
  mesh = istio_mesh.shop.join

  peer "bank" {
    # From another organisation: the JSON that peer_document_encode has written there. Compare the fingerprint of its root
    # over another channel.
    document    = provider::istio::peer_document_decode(file("bank.json"))
    root_sha256 = ["5C:9A:1B:52:0E:3D:7E:53:3F:B1:9A:4C:8E:0B:8D:11:2A:6F:73:5D:64:08:9E:C2:F1:77:4D:0A:BE:66:90:3B"]
  }

  export "orders" {
    to         = ["bank"]
    namespace  = "web"
    service    = "orders"
    selector   = { app = "orders" }
    identities = ["web/orders"]
    allow      = ["bank.example/ns/billing/sa/settlement"]
    port "http" {
      number   = 8080
      protocol = "HTTP"
    }
  }

  import "payments" {
    from      = "bank"
    namespace = "billing"
    service   = "payments"
    hostname  = "payments.bank.mesh"
    into      = "web"
  }
}

# What the bank needs to know. It contains no secrets.
output "document" {
  value = provider::istio::peer_document_encode(istio_mesh_federation.partners.document)
}
