# One of two workspaces: the mesh bank and its side of a federation with the mesh shop, which has another owner. Only
# documents go between the two: output peer_document of each is the variable peer_document of the other.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with the context bank."
  type        = string
}

variable "charts" {
  description = "Repository of Istio's charts: a URL, or a directory of charts or .tgz files."
  type        = string
}

variable "istio_version" {
  description = "Release of the charts."
  type        = string
  default     = "1.31.0"
}

variable "peer_document" {
  description = "JSON from the mesh shop; null until it has been handed over."
  type        = string
  default     = null
}

provider "istio" {
  cluster "bank" {
    config_path    = var.kubeconfig
    config_context = "bank"
  }
}

resource "istio_mesh" "bank" {
  mesh_id      = "bank"
  trust_domain = "bank.example"
  version      = var.istio_version

  chart_source {
    repository = var.charts
  }

  primary "bank" {
    network   = "net-bank"
    pod_cidrs = ["10.13.0.0/16"]
    federation_gateway {}
  }
}

resource "istio_mesh_federation" "bank" {
  name = "partners"
  mesh = istio_mesh.bank.join

  peer "shop" {
    document = provider::istio::peer_document_decode(var.peer_document)
  }

  export "echo" {
    to         = ["shop"]
    namespace  = "sample"
    service    = "echo"
    selector   = { app = "echo" }
    identities = ["sample/default"]
    allow      = ["shop.example/ns/sample/sa/default"]
    port "http" {
      number   = 5000
      protocol = "HTTP"
    }
  }

  # Ports and identities are those of the export in the document.
  import "shop-echo" {
    from      = "shop"
    namespace = "sample"
    service   = "echo"
    hostname  = "echo.shop.mesh"
    into      = "sample"
  }
}

output "peer_document" {
  description = "JSON for the mesh shop. It contains no secrets."
  value       = provider::istio::peer_document_encode(istio_mesh_federation.bank.document)
}
