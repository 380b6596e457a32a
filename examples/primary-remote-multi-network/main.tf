# One control plane for two clusters whose pods cannot reach each other: calls between them, and the calls of cluster
# branch to istiod, go through east-west gateways.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with one context per cluster: east and branch."
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
  cluster "branch" {
    config_path    = var.kubeconfig
    config_context = "branch"
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
    remote_control_plane {}
    east_west_gateway {}
  }
}

resource "istio_remote_cluster" "branch" {
  mesh    = istio_mesh.shop.join
  cluster = "branch"
  network = "net-branch"
  east_west_gateway {}
}

output "status" {
  description = "Injection, gateway and the links of the cluster without a control plane."
  value       = istio_remote_cluster.branch.status
}
