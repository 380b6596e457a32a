# One of two workspaces: the mesh shop and its side of a federation with the mesh bank, which has another owner. Only
# documents go between the two: output peer_document of each is the variable peer_document of the other.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with the context east."
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
  description = "JSON from the mesh bank; null until it has been handed over."
  type        = string
  default     = null
}

provider "istio" {
  cluster "east" {
    config_path    = var.kubeconfig
    config_context = "east"
  }
}

resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = var.istio_version

  chart_source {
    repository = var.charts
  }

  primary "east" {
    network   = "net-east"
    pod_cidrs = ["10.11.0.0/16"]
    federation_gateway {}
  }
}

resource "istio_mesh_federation" "shop" {
  name = "partners"
  mesh = istio_mesh.shop.join

  peer "bank" {
    document = provider::istio::peer_document_decode(var.peer_document)
  }

  export "echo" {
    to         = ["bank"]
    namespace  = "sample"
    service    = "echo"
    selector   = { app = "echo" }
    identities = ["sample/default"]
    allow      = ["bank.example/ns/sample/sa/default"]
    port "http" {
      number   = 5000
      protocol = "HTTP"
    }
  }

  # Ports and identities are those of the export in the document.
  import "bank-echo" {
    from      = "bank"
    namespace = "sample"
    service   = "echo"
    hostname  = "echo.bank.mesh"
    into      = "sample"
  }
}

output "peer_document" {
  description = "JSON for the mesh bank. It contains no secrets."
  value       = provider::istio::peer_document_encode(istio_mesh_federation.shop.document)
}
