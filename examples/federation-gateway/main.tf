# One mesh that is prepared for federation: other meshes reach it through a federation gateway, whose addresses are in `peer`.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with a context east."
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

variable "partners" {
  description = "Addresses from which other meshes connect, in CIDR notation."
  type        = set(string)
  default     = ["0.0.0.0/0"]
}

provider "istio" {
  cluster "east" {
    config_path    = var.kubeconfig
    config_context = "east"
  }
}

resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example" # every mesh needs a different one
  version      = var.istio_version

  chart_source {
    repository = var.charts
  }

  primary "east" {
    network = "net-east"

    federation_gateway {
      load_balancer_source_ranges = var.partners
    }
  }
}

output "peer" {
  description = "What another mesh needs to know to be federated with this one. No secret is in it."
  value       = istio_mesh.shop.peer
}
