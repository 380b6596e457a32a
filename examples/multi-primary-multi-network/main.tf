# One mesh over two clusters whose pods cannot reach each other: calls between them go through east-west gateways.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with one context per cluster: east and west."
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

provider "istio" {
  cluster "east" {
    config_path    = var.kubeconfig
    config_context = "east"
  }
  cluster "west" {
    config_path    = var.kubeconfig
    config_context = "west"
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
    network = "net-east"
    east_west_gateway {}
  }

  primary "west" {
    network = "net-west"
    east_west_gateway {}
  }

  certificate_authority {
    key_cluster = "east"
  }
}

output "status" {
  description = "Control planes, gateways and the links between the clusters."
  value       = istio_mesh.shop.status
}
