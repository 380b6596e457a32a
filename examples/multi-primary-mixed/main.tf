# One mesh over any number of clusters: some share a network, others have their own. Certificates come from your own CA,
# images from a private registry. To add or remove a cluster, change local.clusters: Terraform must know the labels of
# blocks when it validates, so they cannot come from a variable.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with one context per cluster."
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

variable "hub" {
  description = "Registry and path of Istio's images."
  type        = string
}

variable "registry_config" {
  description = "Content of a Docker config.json with the credentials of the registry."
  type        = string
  ephemeral   = true
}

variable "certificates" {
  description = "By cluster, the certificate that it signs with, and the chain from it up to the root."
  type = map(object({
    certificate = string
    chain       = string
  }))
}

variable "keys" {
  description = "Key of each cluster's certificate."
  type        = map(string)
  ephemeral   = true
}

variable "root_certificate" {
  description = "Root that signed all certificates."
  type        = string
}

locals {
  clusters = {
    east   = { network = "flat", pod_cidr = "10.11.0.0/16" }
    middle = { network = "flat", pod_cidr = "10.12.0.0/16" }
    west   = { network = "apart", pod_cidr = "10.13.0.0/16" }
  }
  networks = distinct([for cluster in local.clusters : cluster.network])
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
  hub          = var.hub

  chart_source {
    repository = var.charts
  }

  image_pull_secret "registry" {
    docker_config_json_wo = var.registry_config
  }

  dynamic "primary" {
    for_each = local.clusters
    labels   = [primary.key]
    content {
      network   = primary.value.network
      pod_cidrs = [primary.value.pod_cidr]

      dynamic "east_west_gateway" {
        for_each = length(local.networks) > 1 ? [1] : []
        content {}
      }
    }
  }

  certificate_authority {
    mode = "given"

    dynamic "given" {
      for_each = local.clusters
      labels   = [given.key]
      content {
        certificate       = var.certificates[given.key].certificate
        private_key_wo    = var.keys[given.key]
        certificate_chain = var.certificates[given.key].chain
        root_certificates = var.root_certificate
      }
    }
  }
}

output "status" {
  description = "Control planes and the links between the clusters."
  value       = istio_mesh.shop.status
}
