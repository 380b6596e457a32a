# One mesh over two clusters on one flat network, or joined by a VPN: pods call each other directly.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with one context per cluster: east and middle."
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
  cluster "middle" {
    config_path    = var.kubeconfig
    config_context = "middle"
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
    network   = "flat"
    pod_cidrs = ["10.11.0.0/16"]
  }

  primary "middle" {
    network   = "flat"
    pod_cidrs = ["10.12.0.0/16"]
  }

  certificate_authority {
    key_cluster = "east"
  }
}

output "status" {
  description = "Control planes and the links between the clusters."
  value       = istio_mesh.shop.status
}
