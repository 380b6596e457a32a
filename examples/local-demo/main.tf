# Two clusters, one Istio mesh in each: what `cargo xtask demo` applies to its local clusters.

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

  chart "istiod" {
    values = yamlencode({
      resources = { requests = { cpu = "100m", memory = "128Mi" } }
    })
  }

  primary "east" {
    network = "net-east"
  }
}

resource "istio_mesh" "bank" {
  mesh_id      = "bank"
  trust_domain = "bank.example"
  version      = var.istio_version

  chart_source {
    repository = var.charts
  }

  mesh_config = yamlencode({
    accessLogFile = "/dev/stdout"
  })

  primary "west" {
    network = "net-west"
  }
}

output "clusters" {
  description = "The clusters each mesh runs in, by the identity that Kubernetes gives them."
  value = {
    shop = istio_mesh.shop.cluster_uids
    bank = istio_mesh.bank.cluster_uids
  }
}
