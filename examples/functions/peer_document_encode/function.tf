terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

data "istio_mesh" "shop" {
  clusters = ["east", "west"]
}

output "peer_document" {
  description = "JSON for the organisation whose mesh federates with this one."
  value       = provider::istio::peer_document_encode(data.istio_mesh.shop.peer)
}
