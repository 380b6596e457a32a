terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "east_token" {
  type      = string
  sensitive = true
}

variable "registry_password" {
  type      = string
  sensitive = true
}

provider "istio" {
  cluster "east" { # one block per cluster, one process for all of them
    host                   = "https://east.example:6443"
    cluster_ca_certificate = file("${path.module}/east-ca.pem")
    token                  = var.east_token
  }
  cluster "west" {
    config_path    = "~/.kube/config"
    config_context = "west"
  }
  chart_registry "registry.example" { # for charts from oci://registry.example/… or https://registry.example/…
    username       = "terraform"
    password       = var.registry_password
    ca_certificate = file("${path.module}/registry-ca.pem")
  }
}
