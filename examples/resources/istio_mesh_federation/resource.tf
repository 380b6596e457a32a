terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = "1.31.0"

  primary "shop" {
    network   = "net-shop"
    pod_cidrs = ["10.8.0.0/16"]
    federation_gateway {
      load_balancer_source_ranges = ["198.51.100.0/24"]
    }
  }
}

variable "bank_document" {
  description = "JSON that peer_document_encode has written in the bank's workspace; null until it has been handed over."
  type        = string
  default     = null
}

# The side of the shop: it lets the bank call its Service orders, and calls the bank's Service payments. The bank has a
# resource of its own, here or in another workspace.
resource "istio_mesh_federation" "partners" {
  name = "partners"
  mesh = istio_mesh.shop.join

  peer "bank" {
    # Compare the fingerprint of its root over another channel.
    document    = provider::istio::peer_document_decode(var.bank_document)
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
