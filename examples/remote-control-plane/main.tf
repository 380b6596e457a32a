# One cluster whose control plane also serves clusters that have none, through istiod's own internal load balancer.

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

variable "hostname" {
  description = "Name of a DNS record of yours that leads to the load balancer; by default the addresses of the load balancer are used."
  type        = string
  default     = null
}

variable "service_annotations" {
  description = "Annotations for the cloud's load balancer controller that make the load balancer internal."
  type        = map(string)
  default     = {}
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
    network = "flat"

    remote_control_plane {
      hostname            = var.hostname
      service_annotations = var.service_annotations
    }
  }
}

output "istiod_addresses" {
  description = "Where clusters without a control plane reach istiod, on ports 15012 and 15017."
  value       = istio_mesh.shop.join.clusters["east"].istiod_addresses
}
