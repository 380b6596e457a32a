# Two independent meshes, each with its own root certificate and trust domain, that use one Service of each other. The mesh
# shop has two primaries, the mesh bank has one; their pods cannot reach each other.

terraform {
  required_providers {
    istio = {
      source = "terraform-provider-istio/istio"
    }
  }
}

variable "kubeconfig" {
  description = "Path of a kubeconfig with one context per cluster: east, west and bank."
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
  cluster "bank" {
    config_path    = var.kubeconfig
    config_context = "bank"
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
    federation_gateway {}
  }
  primary "west" {
    network = "net-west"
    east_west_gateway {}
    federation_gateway {}
  }
  certificate_authority {
    key_cluster = "east"
  }
}

resource "istio_mesh" "bank" {
  mesh_id      = "bank"
  trust_domain = "bank.example"
  version      = var.istio_version

  chart_source {
    repository = var.charts
  }

  primary "bank" {
    network = "net-bank"
    federation_gateway {}
  }
}

# The side of the shop. Its namespaces must exist in every primary.
resource "istio_mesh_federation" "shop" {
  name = "partners"
  mesh = istio_mesh.shop.join

  peer "bank" {
    document = istio_mesh.bank.peer
  }

  export "echo" {
    to         = ["bank"]
    namespace  = "sample"
    service    = "echo"
    selector   = { app = "echo" }
    identities = ["sample/default"]
    allow      = ["bank.example/ns/sample/sa/default"]
    port "http" {
      number   = 5000
      protocol = "HTTP"
    }
  }

  import "bank-echo" {
    from       = "bank"
    namespace  = "sample"
    service    = "echo"
    hostname   = "echo.bank.mesh"
    into       = "sample"
    identities = ["sample/default"]
    port "http" {
      number   = 5000
      protocol = "HTTP"
    }
  }
}

# The side of the bank. What it imports, it takes from the document of the other side's federation.
resource "istio_mesh_federation" "bank" {
  name = "partners"
  mesh = istio_mesh.bank.join

  peer "shop" {
    document = istio_mesh_federation.shop.document
  }

  export "echo" {
    to         = ["shop"]
    namespace  = "sample"
    service    = "echo"
    selector   = { app = "echo" }
    identities = ["sample/default"]
    allow      = ["shop.example/ns/sample/sa/default"]
    port "http" {
      number   = 5000
      protocol = "HTTP"
    }
  }

  import "shop-echo" {
    from      = "shop"
    namespace = "sample"
    service   = "echo"
    hostname  = "echo.shop.mesh"
    into      = "sample"
  }
}
