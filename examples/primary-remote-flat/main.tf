# One control plane for two clusters on one flat network, or joined by a VPN: cluster edge runs none of its own.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with one context per cluster: east and edge."
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
  cluster "edge" {
    config_path    = var.kubeconfig
    config_context = "edge"
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

    # Without an east-west gateway, istiod has a load balancer of its own. Make it internal with service_annotations.
    remote_control_plane {}
  }
}

resource "istio_remote_cluster" "edge" {
  mesh      = istio_mesh.shop.join
  cluster   = "edge"
  network   = "flat"
  pod_cidrs = ["10.12.0.0/16"]
}

output "status" {
  description = "Injection and the links of the cluster without a control plane."
  value       = istio_remote_cluster.edge.status
}
