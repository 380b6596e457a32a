# One mesh over three networks: two clusters have control planes, two are served by these, and east and edge share a
# network. To add or remove a cluster, change the locals: Terraform must know the labels of blocks when it validates, so
# they cannot come from a variable. A cluster that leaves stays in local.clusters until it has left.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with one context per cluster: east, west, edge and branch."
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

locals {
  clusters = toset(["east", "west", "edge", "branch"])
  primaries = {
    east = { network = "flat", pod_cidrs = ["10.11.0.0/16"] }
    west = { network = "net-west", pod_cidrs = [] }
  }
  remotes = {
    edge   = { primary = "east", network = "flat", pod_cidrs = ["10.12.0.0/16"] }
    branch = { primary = "west", network = "net-branch", pod_cidrs = [] }
  }

  # The gateway of a primary serves its whole network; a network of remote clusters alone needs one there.
  networks_with_primaries = [for primary in local.primaries : primary.network]
}

provider "istio" {
  dynamic "cluster" {
    for_each = local.clusters
    labels   = [cluster.key]
    content {
      config_path    = var.kubeconfig
      config_context = cluster.key
    }
  }
}

resource "istio_mesh" "shop" {
  mesh_id      = "shop"
  trust_domain = "shop.example"
  version      = var.istio_version

  chart_source {
    repository = var.charts
  }

  dynamic "primary" {
    for_each = local.primaries
    labels   = [primary.key]
    content {
      network   = primary.value.network
      pod_cidrs = primary.value.pod_cidrs
      remote_control_plane {}
      east_west_gateway {}
    }
  }

  certificate_authority {
    key_cluster = "east"
  }
}

resource "istio_remote_cluster" "remote" {
  for_each = local.remotes

  mesh      = istio_mesh.shop.join
  cluster   = each.key
  network   = each.value.network
  pod_cidrs = each.value.pod_cidrs
  primaries = [each.value.primary]

  dynamic "east_west_gateway" {
    for_each = contains(local.networks_with_primaries, each.value.network) ? [] : [1]
    content {}
  }
}

output "status" {
  description = "Control planes, gateways and the links between the clusters."
  value = {
    mesh    = istio_mesh.shop.status
    remotes = { for name, remote in istio_remote_cluster.remote : name => remote.status }
  }
}
